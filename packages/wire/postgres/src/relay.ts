/** One admitted session: opening, both directions, and one end for every way in which it may end. */
import { SluiceError } from '@sluice/domain';
import type { RelayRequest, SessionEnd, WireRefusal } from '@sluice/wire-kit';
import { ClientMessages } from './client-messages.ts';
import { cancelToken, type PostgresClient } from './client-side.ts';
import { encodeError, encodeFatal, encodeSessionRefusal, stateOfFault } from './errors.ts';
import type { PostgresKnowledge } from './knowledge.ts';
import { goodbyeMs, halfCloseMs } from './limits.ts';
import { endStream } from './message-channel.ts';
import {
  encodeAuthenticationOk,
  encodeBackendKeyData,
  encodeParameterStatus,
  encodeReadyForQuery,
} from './messages/backend.ts';
import { Outlet } from './outlet.ts';
import { RelayCore } from './relay-core.ts';
import { SessionTracker, sessionStateText } from './session-state.ts';
import { settingStatement } from './startup-settings.ts';
import { StatementTable } from './statement-table.ts';
import { assertCarriable, reportedValue, TargetMessages } from './target-messages.ts';
import type { PostgresTarget } from './target-side.ts';

export type PostgresRelayRequest = RelayRequest<PostgresClient, PostgresTarget, PostgresKnowledge>;

export async function relay(request: PostgresRelayRequest): Promise<SessionEnd> {
  request.permit.spend();
  return new RelayedSession(request).run();
}

class RelayedSession {
  readonly #request: PostgresRelayRequest;
  readonly #core: RelayCore;
  readonly #fromClient: ClientMessages;
  readonly #fromTarget: TargetMessages;
  readonly #ended: Promise<SessionEnd>;
  #resolve: (end: SessionEnd) => void = () => undefined;
  #over = false;
  #goodbye = false;
  #patience: NodeJS.Timeout | undefined;
  #forgetCancel: () => void = () => undefined;
  readonly #onAbort = (): void => {
    const refusal = refusalOf(this.#request.signal.reason);
    this.#finish({ reason: 'terminated', message: refusal.message }, encodeSessionRefusal(refusal));
  };

  constructor(request: PostgresRelayRequest) {
    this.#request = request;
    const { client, target, inspector, facts, knowledge, connection } = request;
    const statements = new StatementTable();
    const database = connection.options.database;
    this.#ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#core = new RelayCore({
      toClient: new Outlet(client.stream, () => this.#clientDrained()),
      lanes: {
        home: target,
        homeOutlet: new Outlet(target.stream, () => this.#fromClient.pump()),
        dial: request.dialWriter,
        attach: (writer) => this.#attachWriter(writer),
      },
      statements,
      session: new SessionTracker(typeof database === 'string' ? database : '', statements),
      inspector,
      facts,
      knowledge,
      pauseClient: (pause) => {
        if (pause) client.stream.pause();
        else client.stream.resume();
      },
      cancelTarget: () => this.#core.lanes.target.cancel(),
      resumeClient: () => {
        if (!this.#over) this.#fromClient.pump();
      },
      onFault: (error) => this.#fault(error),
      onGoodbye: () => this.#clientSaidGoodbye(),
    });
    this.#fromClient = new ClientMessages(this.#core);
    this.#fromTarget = new TargetMessages(this.#core, () => this.#core.lanes.isActive(target));
  }

  async run(): Promise<SessionEnd> {
    const { client, signal } = this.#request;
    client.stream.on('error', ignore).on('close', () => this.#clientGone());
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    try {
      if (!this.#over) await this.#open();
      if (!this.#over) this.#attach();
    } catch (error) {
      this.#fault(error);
    }
    const end = await this.#ended;
    signal.removeEventListener('abort', this.#onAbort);
    return end;
  }

  /** What stands between the permit and the first ReadyForQuery: the session's state, and the client's startup settings as SETs. */
  async #open(): Promise<void> {
    const { client, target, inspector } = this.#request;
    const { session, toClient } = this.#core;
    for (const [name, value] of target.parameters) assertCarriable(name, value);
    await this.#readState();
    toClient.push(encodeAuthenticationOk());
    toClient.flush();
    for (const setting of client.settings) if (!(await this.#applySetting(settingStatement(setting)))) return;
    if (session.stale) await this.#readState();
    for (const [name, value] of target.parameters) {
      toClient.push(
        encodeParameterStatus(
          name,
          reportedValue(name, value, (text) => inspector.maskText(text)),
        ),
      );
    }
    const { cancelIdentity } = client;
    this.#forgetCancel = inspector.registerCancel(cancelToken(cancelIdentity), () => {
      if (!this.#core.judging.cancelHold()) void this.#core.lanes.target.cancel();
    });
    toClient.push(encodeBackendKeyData(cancelIdentity.processId, cancelIdentity.key));
    toClient.push(encodeReadyForQuery('I'));
    toClient.flush();
  }

  async #readState(): Promise<void> {
    this.#request.inspector.recordOwnStatement(sessionStateText);
    const rows = await this.#request.target.query(sessionStateText);
    this.#core.session.learn(rows[0] ?? null);
  }

  /** False: refused, and the session is over. */
  async #applySetting(text: string): Promise<boolean> {
    const judged = await this.#core.judging.judge({ phase: 'run', text, binds: [], earlier: null });
    if (this.#over) return false;
    if (judged.type === 'refuse') {
      judged.statement?.ended();
      this.#finish({ reason: 'protocol-violation', message: judged.error.message }, encodeError(judged.error, 'FATAL'));
      return false;
    }
    const { permit, statement } = judged.judgement;
    permit.spend();
    try {
      await this.#request.target.query(text);
    } catch (error) {
      const message = statement.maskMessage(error instanceof Error ? error.message : 'unknown');
      statement.failed({ code: '22023', message });
      statement.ended();
      this.#finish(
        { reason: 'protocol-violation', message },
        encodeFatal('22023', `a startup setting was not taken: ${message}`, null),
      );
      return false;
    }
    statement.completed({ tag: 'SET', rows: null });
    statement.ended();
    this.#core.session.completed(statement.facts[0] ?? null);
    return true;
  }

  #attach(): void {
    const { client, target } = this.#request;
    const rest = target.takeStream();
    target.stream.on('error', ignore);
    target.stream.on('data', (chunk: Buffer) => this.#targetData(chunk, this.#fromTarget, target));
    target.stream.on('end', () => this.#targetGone()).on('close', () => this.#targetGone());
    client.stream.on('data', (chunk: Buffer) => {
      if (!this.#over) this.#fromClient.receive(chunk);
    });
    client.stream.on('end', () => {
      if (!this.#over) this.#fromClient.receiveEnd();
    });
    if (rest.length > 0) this.#targetData(rest, this.#fromTarget, target);
    if (client.rest.length > 0) this.#fromClient.receive(client.rest);
    if (target.stream.destroyed || target.stream.readableEnded) {
      this.#targetGone();
      return;
    }
    if (client.stream.destroyed) {
      this.#clientGone();
      return;
    }
    if (client.stream.readableEnded) this.#fromClient.receiveEnd();
    target.stream.resume();
    client.stream.resume();
  }

  /** The writer's session of one transaction: read until the client has come home from it. */
  #attachWriter(writer: PostgresTarget): Outlet {
    const from = new TargetMessages(this.#core, () => this.#core.lanes.isActive(writer));
    const gone = (): void => {
      if (this.#core.lanes.isActive(writer)) this.#targetGone(from);
    };
    const rest = writer.takeStream();
    writer.stream.on('error', ignore).on('end', gone).on('close', gone);
    writer.stream.on('data', (chunk: Buffer) => {
      if (this.#core.lanes.isActive(writer)) this.#targetData(chunk, from, writer);
    });
    if (rest.length > 0) writer.stream.unshift(rest);
    writer.stream.resume();
    return new Outlet(writer.stream, () => this.#fromClient.pump());
  }

  #targetData(chunk: Buffer, from: TargetMessages, { stream }: PostgresTarget): void {
    if (this.#over) return;
    const { toClient } = this.#core;
    try {
      from.receive(chunk);
    } catch (error) {
      this.#fault(error);
      return;
    }
    toClient.flush();
    if (toClient.full) stream.pause();
    this.#fromClient.pump();
    this.#core.toTarget.flush();
  }

  #clientDrained(): void {
    if (this.#over) return;
    this.#request.target.stream.resume();
    this.#core.lanes.target.stream.resume();
  }

  #clientSaidGoodbye(): void {
    this.#goodbye = true;
    clearTimeout(this.#patience);
    // What was sent before still runs and is answered, as with PostgreSQL itself; then the target closes.
    this.#patience = setTimeout(() => this.#clientGone(), halfCloseMs);
    if (this.#core.expected.size === 0) this.#finish({ reason: 'clean', message: 'the client said goodbye' }, null);
  }

  #clientGone(): void {
    const answered = this.#core.expected.size === 0;
    if (this.#goodbye && answered) {
      this.#finish({ reason: 'clean', message: 'the client said goodbye' }, null);
      return;
    }
    this.#finish({ reason: 'client-gone', message: 'the client went away' }, null);
  }

  #targetGone(from = this.#fromTarget): void {
    if (this.#goodbye) {
      this.#finish({ reason: 'clean', message: 'the client said goodbye' }, null);
      return;
    }
    const said = from.lastFatal;
    const message = said === null ? 'the target closed the connection' : `the target ended the session: ${said}`;
    const lastWord =
      said === null ? encodeFatal('08006', message, 'Connect again; if it stays so, look at the target.') : null;
    this.#finish({ reason: 'target-gone', message }, lastWord);
  }

  #fault(error: unknown): void {
    if (error instanceof SluiceError) {
      const reason =
        error.code === 'target-unreachable' || error.code === 'unavailable' ? 'target-gone' : 'protocol-violation';
      this.#finish(
        { reason, message: error.message },
        encodeFatal(stateOfFault(error), error.message, error.hint ?? null),
      );
      return;
    }
    const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
    // The text of an unforeseen error may quote what was read: the client gets none of it.
    this.#finish(
      { reason: 'terminated', message },
      encodeFatal('XX000', 'Sluice met an internal error and closed the session', 'See the gateway’s log.'),
    );
  }

  #finish(end: SessionEnd, lastWord: Buffer | null): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#patience);
    this.#forgetCancel();
    this.#core.judging.cancelHold();
    void this.#close(end, lastWord);
  }

  async #close(end: SessionEnd, lastWord: Buffer | null): Promise<void> {
    const { client } = this.#request;
    const running = this.#core.expected.size > 0 && end.reason !== 'target-gone';
    const farewell = endStream(client.stream, lastWord, goodbyeMs);
    if (running) await this.#core.lanes.target.cancel();
    await Promise.all([farewell, this.#core.lanes.close()]);
    this.#resolve(end);
  }
}

function refusalOf(reason: unknown): WireRefusal {
  if (typeof reason === 'object' && reason !== null && 'reason' in reason && 'message' in reason && 'hint' in reason) {
    return reason as WireRefusal;
  }
  return { reason: 'terminated', message: 'Sluice ended this session', hint: 'Connect again.' };
}

function ignore(): void {}
