/** Statements as they may be recorded and shown: literals, comments and bound values are masked like results. */
import {
  type LiteralSpan,
  type ReadOutcome,
  type StatementFacts,
  type StatementKind,
  unreadableCommand,
  unreadableFacts,
  type Verdict,
} from '@sluice/domain';
import type { NewEvent } from '@sluice/recording';
import type { BindValue, JudgeRequest } from '@sluice/wire-kit';
import type { Masks } from './ports.ts';

/** Longest statement text kept in the record. */
export const maxRecordedTextCharacters = 65_536;
/** Bind values kept in the record. */
const maxRecordedBinds = 1_024;
/** A literal shorter than this is no value that a mask protects. */
const minSecretCharacters = 3;
/** Different values that are looked for in a canonical print, each by a pass over it. */
const maxCanonicalValues = 1_000;

/** The facts of a message; one that could not be read is one statement of which nothing is proved. */
export function factsOf(language: string, text: string, outcome: ReadOutcome): readonly StatementFacts[] {
  return outcome.ok ? outcome.statements : [unreadableFacts(language, text, outcome.message)];
}

/** Whether a message touches a relation that has masked columns: what is not provable about its values is then masked. */
export function touchesMasked(masks: Masks, facts: readonly StatementFacts[]): boolean {
  return facts.some((f) => !f.complete || masks.readsMasked(f.reads) || masks.readsMasked(f.writes));
}

/** The text of a whole message with every literal masked that a column rule or detector names. */
export function maskStatementText(masks: Masks, text: string, facts: readonly StatementFacts[]): string {
  const literals = facts.some((f) => f.command === unreadableCommand) ? null : facts.flatMap((f) => f.literals);
  return masks.maskStatement(text, literals, { readsMasked: touchesMasked(masks, facts) });
}

/**
 * The canonical print has no spans of its own: literals are found again by value. Null when one is not found, because it was printed in
 * another form (escapes, spaces), when one that is masked in the original would still show, or when there are too many different ones.
 */
export function maskCanonicalText(
  masks: Masks,
  canonical: string,
  facts: readonly StatementFacts[],
  maskedOriginal: string,
): string | null {
  // One of each value: where it stands again, another of the same value would find the place taken.
  const literals = new Map<string, LiteralSpan>();
  for (const literal of facts.flatMap((f) => f.literals))
    if (!literals.has(literal.value)) literals.set(literal.value, literal);
  if (literals.size > maxCanonicalValues) return null;
  const spans: LiteralSpan[] = [];
  const taken = new Uint8Array(canonical.length);
  for (const literal of literals.values()) {
    const escaped = literal.value.replaceAll("'", "''");
    if (!canonical.includes(escaped)) return null;
    for (const written of [`'${escaped}'`, literal.value]) {
      for (
        let at = written === '' ? -1 : canonical.indexOf(written);
        at >= 0;
        at = canonical.indexOf(written, at + written.length)
      ) {
        const end = at + written.length;
        if (taken.subarray(at, end).includes(1)) continue;
        taken.fill(1, at, end);
        spans.push({ ...literal, start: at, end });
      }
    }
  }
  const masked = masks.maskStatement(canonical, spans, { readsMasked: touchesMasked(masks, facts) });
  for (const value of literals.keys()) {
    if (value.length >= minSecretCharacters && masked.includes(value) && !maskedOriginal.includes(value)) return null;
  }
  return masked;
}

/** Bound values have no column of their own here: where masked columns are touched, only small numbers stay. */
export function maskBinds(
  masks: Masks,
  binds: readonly BindValue[],
  facts: readonly StatementFacts[],
): (string | null)[] {
  const context = { readsMasked: touchesMasked(masks, facts) };
  return binds.slice(0, maxRecordedBinds).map((bind) => {
    if (bind.value === null) return null;
    if (bind.binary) return masks.active ? `[${bind.type}]` : bind.value;
    return masks.maskBind(bind.value, null, context);
  });
}

export function describeForRecord(
  masks: Masks,
  judged: {
    readonly request: JudgeRequest;
    readonly facts: readonly StatementFacts[];
    readonly verdict: Verdict;
    readonly statementId: string;
    readonly kind: StatementKind;
    readonly command: string;
    readonly origin: 'client' | 'gateway';
    readonly index: number;
  },
): NewEvent {
  const { request, facts, verdict } = judged;
  const text = recordedText(masks, request.text, facts);
  const objects = new Set<string>();
  const functions = new Set<string>();
  for (const statement of facts) {
    for (const o of [...statement.reads, ...statement.writes])
      objects.add(o.schema === null ? o.name : `${o.schema}.${o.name}`);
    for (const name of statement.functions) functions.add(name);
  }
  return {
    type: 'statement.judged',
    statementId: judged.statementId,
    index: judged.index,
    phase: request.phase,
    origin: judged.origin,
    text: text.slice(0, maxRecordedTextCharacters),
    truncatedChars: Math.max(text.length - maxRecordedTextCharacters, 0),
    binds: maskBinds(masks, request.binds, facts),
    command: judged.command,
    kind: judged.kind,
    complete: facts.every((f) => f.complete),
    objects: [...objects].slice(0, 256),
    functions: [...functions].slice(0, 256),
    filter: facts[0]?.filter ?? 'not-applicable',
    destructive: facts.some((f) => f.destructive),
    fingerprint: facts[0]?.fingerprint ?? '',
    action: verdict.action,
    rule: verdict.rule,
    reason: verdict.reason,
    matched: verdict.matched,
    approvalId: null,
  };
}

/** Masked texts by reading: the same text under the same masks is masked once. */
const texts = new WeakMap<readonly StatementFacts[], { masks: Masks; text: string; masked: string }>();

function recordedText(masks: Masks, text: string, facts: readonly StatementFacts[]): string {
  const known = texts.get(facts);
  if (known !== undefined && known.masks === masks && known.text === text) return known.masked;
  const masked = maskStatementText(masks, text, facts);
  texts.set(facts, { masks, text, masked });
  return masked;
}
