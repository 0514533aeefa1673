/** Limits of one message: every matching limit rule counts, and the tightest of each sort holds. */
import type { Limit, Limits, RateLimit } from '@sluice/domain';
import type { StatementView } from './input.ts';
import type { CompiledRule } from './rules.ts';

export class LimitsOfMessage {
  #rows: Limit | null = null;
  #bytes: Limit | null = null;
  readonly #perMinute = new Map<string, RateLimit>();

  /** A limit rule that matched this statement, or whose condition could not be evaluated for it: then it holds as well. */
  add(rule: CompiledRule, statement: StatementView): void {
    const terms = rule.limit;
    if (terms === null) return;
    const { name, description } = rule;
    if (terms.rows !== null) this.#rows = tighter(this.#rows, { rule: name, reason: description, most: terms.rows });
    if (terms.bytes !== null)
      this.#bytes = tighter(this.#bytes, { rule: name, reason: description, most: terms.bytes });
    if (terms.perMinute === null || (statement.kind === 'session' && !terms.chatter)) return;
    const count = (this.#perMinute.get(name)?.count ?? 0) + 1;
    this.#perMinute.set(name, { rule: name, reason: description, most: terms.perMinute, count });
  }

  /** Null when no rule limits anything. */
  result(): Limits | null {
    if (this.#rows === null && this.#bytes === null && this.#perMinute.size === 0) return null;
    return { rows: this.#rows, bytes: this.#bytes, perMinute: [...this.#perMinute.values()] };
  }
}

function tighter(current: Limit | null, next: Limit): Limit {
  return current === null || next.most < current.most ? next : current;
}
