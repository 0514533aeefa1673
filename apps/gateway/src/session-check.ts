/** Looks for sessions at the targets, under the connections' own accounts, that did not come through this gateway. */
import {
  type BundleConnection,
  hasCredential,
  maxReportedSessions,
  SluiceError,
  type TargetSession,
  type TargetSessionsReport,
} from '@sluice/domain';
import { protocolByName } from '@sluice/protocols';
import type { SessionPorts } from '@sluice/session';
import { ownDialRequest } from './connection-test.ts';
import type { OwnSessions } from './own-sessions.ts';

/** How long one target may take (ms). */
const checkTimeoutMs = 10_000;

export interface SessionCheckParts {
  readonly ports: SessionPorts;
  readonly own: OwnSessions;
  readonly report: (report: TargetSessionsReport) => Promise<void>;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

export class SessionCheck {
  readonly #parts: SessionCheckParts;
  #running: Promise<void> | null = null;

  constructor(parts: SessionCheckParts) {
    this.#parts = parts;
  }

  /** One target after the other, so that a check is never a burst of logins. A round that is still running is not doubled. */
  run(connections: Iterable<BundleConnection>): Promise<void> {
    this.#running ??= this.#round([...connections]).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Never rejects. */
  async check(connection: BundleConnection): Promise<void> {
    const { log, report } = this.#parts;
    try {
      const found = await this.#look(connection);
      if (found !== null) await report(found);
    } catch (error) {
      log('a look for other sessions could not be reported', { connection: connection.name, error: String(error) });
    }
  }

  async #round(connections: readonly BundleConnection[]): Promise<void> {
    for (const connection of connections) await this.check(connection);
  }

  /** Null: the protocol lists no sessions, or there is no credential to ask with. */
  async #look(connection: BundleConnection): Promise<TargetSessionsReport | null> {
    const list = protocolByName(connection.address.protocol)?.listSessions ?? null;
    if (list === null || !hasCredential(connection, 'writer')) return null;
    const { ports, own } = this.#parts;
    const others = new Map<string, TargetSession>();
    const { host, port } = connection.address;
    try {
      for (const purpose of hasCredential(connection, 'reader')
        ? (['writer', 'reader'] as const)
        : (['writer'] as const)) {
        for (const session of await list(await ownDialRequest(connection, purpose, ports, checkTimeoutMs)))
          if (!own.has(`${host}:${port}`, session.id)) others.set(session.id, session);
      }
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      return { connectionId: connection.id, sessions: [], total: 0, problem: error.message.slice(0, 1_000) };
    }
    const sessions = [...others.values()].sort((one, other) => Number(one.claims) - Number(other.claims));
    return {
      connectionId: connection.id,
      sessions: sessions.slice(0, maxReportedSessions),
      total: sessions.length,
      problem: null,
    };
  }
}
