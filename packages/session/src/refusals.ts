/** Every refusal of a statement is worded here, once, for all protocols. */
import type { Refusal, RefusalCode, RefusalDetail, Verdict } from '@sluice/domain';

interface RefusalSubject {
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
      ? 'Name the rows it may touch with a WHERE clause and send it again to have a person asked, or leave this change to someone with the right.'
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
