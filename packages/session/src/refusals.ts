/** Every refusal of a statement is worded here, once, for all protocols. */
import type { Refusal, RefusalCode, RefusalDetail, Verdict } from '@sluice/domain';

export interface RefusalSubject {
  readonly statementId: string;
  readonly kind: string;
  readonly command: string;
}

function refusal(
  code: RefusalCode,
  subject: RefusalSubject,
  message: string,
  hint: string,
  more: Partial<Pick<RefusalDetail, 'rule' | 'approval' | 'url' | 'retry'>> = {},
): Refusal {
  return {
    code,
    message,
    hint,
    detail: {
      sluice: 1,
      code,
      rule: more.rule ?? null,
      statement: subject.statementId,
      kind: subject.kind,
      approval: more.approval ?? null,
      url: more.url ?? null,
      retry: more.retry ?? 'never',
    },
  };
}

export function refuseDenied(subject: RefusalSubject, verdict: Verdict, unreadable: string | null): Refusal {
  if (unreadable !== null) {
    return refusal(
      'unreadable',
      subject,
      `Sluice refused a statement that it could not prove: ${unreadable}`,
      'Send one plain statement whose effect can be read from its text, without dynamic SQL; or ask an administrator of Sluice to run it.',
      { rule: verdict.rule },
    );
  }
  return refusal(
    'denied',
    subject,
    `Sluice refused ${subject.command}: ${verdict.reason}`,
    subject.kind === 'write'
      ? 'Name what it may touch (rows with a WHERE clause, files one by one) and send it again to have a person asked, or leave this change to someone with the right.'
      : 'Do not retry it as it is: leave this to a person with the right, or reach the goal by a statement that reads or changes named rows only.',
    { rule: verdict.rule },
  );
}

export function refuseLease(subject: RefusalSubject, problem: string): Refusal {
  return refusal(
    'lease-expired',
    subject,
    `Sluice refused ${subject.command}: ${problem}`,
    'The gateway has lost its control plane for longer than this connection allows; try again in a minute.',
    { retry: 'later' },
  );
}

export function refuseUnrecorded(subject: RefusalSubject): Refusal {
  return refusal(
    'recording-unavailable',
    subject,
    `Sluice refused ${subject.command}: it could not be recorded`,
    "The gateway's spool is full or its disk fails. Nothing runs unrecorded; tell an administrator to free space there, then try again.",
    { retry: 'later' },
  );
}

export function refuseControlPlaneAway(subject: RefusalSubject, rule: string | null): Refusal {
  return refusal(
    'control-plane-away',
    subject,
    `Sluice refused ${subject.command}: it needs a person's approval and the control plane cannot be reached to ask for one`,
    'Try again in a minute.',
    { rule, retry: 'later' },
  );
}

export function refuseApproval(
  subject: RefusalSubject,
  how: 'approval-denied' | 'approval-expired' | 'approval-cancelled' | 'approval-void' | 'approval-required',
  approval: { readonly id: string | null; readonly url: string },
  words: { readonly message: string; readonly hint: string; readonly rule: string | null },
): Refusal {
  return refusal(how, subject, words.message, words.hint, {
    rule: words.rule,
    approval: approval.id,
    url: approval.url,
    retry:
      how === 'approval-required'
        ? 'after-approval'
        : how === 'approval-expired' || how === 'approval-void'
          ? 'later'
          : 'never',
  });
}

/** The result passed a limit. `ran`: what the statement did at the target stands. */
export function refuseOverLimit(
  subject: RefusalSubject,
  limit: { readonly rule: string; readonly reason: string; readonly most: number; readonly sort: 'rows' | 'bytes' },
  ran: boolean,
): Refusal {
  const unit = limit.most === 1 ? limit.sort.slice(0, -1) : limit.sort;
  const changed = ran && subject.kind !== 'read' && subject.kind !== 'session';
  return refusal(
    'limit-exceeded',
    subject,
    `Sluice stopped the result of ${subject.command} at ${limit.most} ${unit}: ${limit.reason}${changed ? ' The statement itself had been carried out by then.' : ''}`,
    'Ask for less: narrow it with a filter, or let the target count or sum; or ask an administrator of Sluice for a wider limit.',
    { rule: limit.rule },
  );
}

/** It changed more rows than it may, and was taken back; `touched` null: nobody could count them. */
export function refuseOverCeiling(
  subject: RefusalSubject,
  most: number,
  touched: number | null,
  approval: string | null,
): Refusal {
  const changed = touched === null ? 'the rows that it changes could not be counted' : `it changed ${rowsOf(touched)}`;
  return refusal(
    'limit-exceeded',
    subject,
    `Sluice took ${subject.command} back: ${changed}, and at most ${rowsOf(most)} may change, counting those that cascades and triggers change`,
    touched === null
      ? 'Send it alone and outside a transaction, and take its result as a whole; or ask an administrator of Sluice.'
      : 'Narrow it with a filter and ask anew, or ask for it in smaller parts.',
    { approval },
  );
}

/** A row ceiling was asked for that nobody could hold it to: nobody is asked, and nothing runs. */
export function refuseUncountable(
  subject: RefusalSubject,
  most: number,
  because: string,
  rule: string | null,
): Refusal {
  return refusal(
    'unsupported',
    subject,
    `Sluice refused ${subject.command}: at most ${rowsOf(most)} may change here, which cannot be made sure of: ${because}`,
    'Send one plain statement that changes rows, by itself; or ask an administrator of Sluice to run this one.',
    { rule },
  );
}

function rowsOf(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`;
}

/** Too many statements in the last minute. `retryAfterMs` null: the message holds more statements than a minute may. */
export function refuseOverPace(
  subject: RefusalSubject,
  limit: { readonly rule: string; readonly reason: string; readonly most: number },
  retryAfterMs: number | null,
): Refusal {
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1_000);
  return refusal(
    'limit-exceeded',
    subject,
    `Sluice refused ${subject.command}: at most ${limit.most} ${limit.most === 1 ? 'statement' : 'statements'} a minute may run here: ${limit.reason}`,
    retryAfterMs === null
      ? `Send fewer statements at once: at most ${limit.most} in one message.`
      : `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}, and ask for more with each statement.`,
    { rule: limit.rule, retry: retryAfterMs === null ? 'never' : 'later' },
  );
}

/** It would be held, and a part of it runs at the target before the moment at which people are asked. */
export function refusePreparing(subject: RefusalSubject, verdict: Verdict): Refusal {
  return refusal(
    'unsupported',
    subject,
    `Sluice refused to prepare ${subject.command}: it needs a person's approval, and preparing alone may run a part of it`,
    'Pass its values as parameters instead of writing them into the text, or send it as one plain query: then a person is asked before anything runs.',
    { rule: verdict.rule },
  );
}

export function refuseEnded(subject: RefusalSubject): Refusal {
  return refusal(
    'session-ended',
    subject,
    `Sluice did not run ${subject.command}: the session ended first`,
    'Connect again and send it again to ask anew.',
    { retry: 'reconnect' },
  );
}

export function refuseUndescribed(subject: RefusalSubject, rule: string | null): Refusal {
  return refusal(
    'unreadable',
    subject,
    `Sluice refused ${subject.command}: it needs a person's approval and could not be read again to show it to one`,
    'Send one shorter, plainer statement.',
    { rule },
  );
}

export function refuseUnsupported(statementId: string, what: string, because: string): Refusal {
  return refusal(
    'unsupported',
    { statementId, kind: 'unknown', command: what },
    `Sluice refused ${what}: ${because}`,
    'Use the ordinary statements of this protocol instead.',
  );
}
