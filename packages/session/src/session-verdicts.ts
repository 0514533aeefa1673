/** What policy says of one session's messages, remembered for a moment. */
import type { Actor, BundleConnection, StatementFacts, Verdict } from '@sluice/domain';
import { evaluate, type PolicyConnection } from '@sluice/policy';
import type { JudgeRequest } from '@sluice/wire-kit';
import type { SessionPorts } from './ports.ts';
import { SessionWindows } from './session-windows.ts';

/** Verdicts remembered per reading of a text: same facts, policy, state and second give the same verdict. */
const maxVerdictsPerReading = 8;
/** Rules may test the time of day: a remembered verdict serves this long. */
const verdictLifetimeMs = 1_000;

interface JudgedSession {
  readonly connection: BundleConnection;
  readonly actor: Actor;
  readonly ports: SessionPorts;
}

export class SessionVerdicts {
  readonly #session: JudgedSession;
  readonly #connection: PolicyConnection;
  readonly #windows: SessionWindows;
  readonly #known = new WeakMap<readonly StatementFacts[], Map<string, Verdict>>();

  constructor(session: JudgedSession, connection: PolicyConnection) {
    this.#session = session;
    this.#connection = connection;
    this.#windows = new SessionWindows(session.connection.labels);
  }

  verdict(facts: readonly StatementFacts[], state: JudgeRequest['state'], grants: readonly string[]): Verdict {
    const { actor, connection, ports } = this.#session;
    const { policy, version, maintenance } = ports.policy();
    const now = ports.now();
    const second = Math.floor(now / verdictLifetimeMs);
    const open = this.#windows.open(maintenance, now);
    // NUL stands in no name, so that two states never share a key.
    const moment = [version, second, state.inTransaction, ...grants].join(' ');
    // Joined, not a template: it is kept, and a string put together by concatenation keeps each of its parts.
    const key = [moment, open.join(' '), state.role ?? '', state.database].join('\0');
    let known = this.#known.get(facts);
    if (known === undefined) {
      known = new Map();
      this.#known.set(facts, known);
    }
    let verdict = known.get(key);
    if (verdict === undefined) {
      verdict = evaluate(policy, {
        actor,
        connection: this.#connection,
        facts,
        session: { database: state.database, role: state.role ?? '', inTransaction: state.inTransaction },
        time: new Date(now),
        grants,
        maintenance: open,
        policyVersion: version,
        defaultAction: connection.defaultAction,
      });
      if (known.size >= maxVerdictsPerReading) known.clear();
      known.set(key, verdict);
    }
    return verdict;
  }
}

/** A message without a statement (`;`, a driver's ping) does nothing: there is nothing for policy to judge. */
export function nothingToRun(policyVersion: number): Verdict {
  return {
    action: 'allow',
    rule: null,
    reason: 'nothing to run',
    hold: null,
    limits: null,
    matched: [],
    policyVersion,
  };
}
