/** Sluice's refusals in SSH's words: sentences on stderr, one line of JSON, exit status 126, disconnect reasons. */
import type { Refusal } from '@sluice/domain';
import type { WireRefusal } from '@sluice/wire-kit';

/** RFC 4253, 11.1. None is BY_APPLICATION (11): clients take that for a goodbye of their own and keep its words to themselves. */
export const disconnectReasons = {
  protocolError: 2,
  serviceNotAvailable: 7,
  noMoreMethods: 14,
} as const;

/** RFC 4254, 5.1. */
export const openFailures = { prohibited: 1, unknownType: 3, shortage: 4 } as const;

const reasonCodes: Readonly<Record<WireRefusal['reason'], number>> = {
  authentication: disconnectReasons.noMoreMethods,
  authorisation: disconnectReasons.noMoreMethods,
  target: disconnectReasons.serviceNotAvailable,
  unavailable: disconnectReasons.serviceNotAvailable,
  protocol: disconnectReasons.protocolError,
  terminated: disconnectReasons.serviceNotAvailable,
};

export function disconnectReason(refusal: WireRefusal): number {
  return reasonCodes[refusal.reason];
}

/** One line for a disconnect's description and for stderr. */
export function sentenceOf({ message, hint }: Pick<WireRefusal, 'message' | 'hint'>): string {
  const words = hint === '' ? message : `${ended(message)} ${hint}`;
  return safe(words);
}

/** What stands on stderr in the place of a refused command: for people, then one line of JSON for programs. */
export function refusalText(refusal: Refusal, lineEnd = '\n'): string {
  const words = refusal.hint === '' ? [refusal.message] : [refusal.message, refusal.hint];
  return [...words.map((line) => `sluice: ${safe(line)}`), JSON.stringify(refusal.detail), ''].join(lineEnd);
}

/** What stands on stderr while a command waits for people. */
export function waitingText(notice: { readonly url: string; readonly message: string }, lineEnd = '\n'): string {
  const where = notice.message.includes(notice.url) ? [] : [`sluice: Decide at ${safe(notice.url)}`];
  return [`sluice: ${safe(notice.message)}`, ...where, ''].join(lineEnd);
}

const waitingLine = /^sluice: (?:Decide at |.*\/approvals\/)/m;

/** Whether this is on stderr because people are waited for. */
export function announcesWaiting(errors: string): boolean {
  return waitingLine.test(errors);
}

const refusalForm = /^\{"sluice":1,"code":"([a-z-]+)".*$/m;

/** The line of JSON of a refusal, with its code; null where there is none. */
export function refusalIn(errors: string): { readonly line: string; readonly code: string } | null {
  const [line, code] = refusalForm.exec(errors) ?? [];
  return line === undefined || code === undefined ? null : { line, code };
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** Messages may quote what a client sent: no control character of it reaches a terminal. */
function safe(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
