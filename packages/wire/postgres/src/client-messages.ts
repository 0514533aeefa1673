/** The client's messages, one after the other: judged, then forwarded, replaced or dropped. */
import { SluiceError } from '@sluice/domain';
import { bindValues } from './bind-values.ts';
import { errorOfRefusal, type LocalError, localError } from './errors.ts';
import type { Expected } from './expected.ts';
import { mayCopyIn } from './facts.ts';
import { MessageReader } from './framing.ts';
import { chain, type Forwarded } from './judging.ts';
import { heldInputBytes, maxClientMessageBytes, maxOutstandingMessages } from './limits.ts';
import {
  type BindMessage,
  encodeCopyFail,
  encodeDescribePortal,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeTerminate,
  frontend,
  parseBind,
  parseExecute,
  parseParse,
  parseQuery,
  parseTargeted,
} from './messages/frontend.ts';
import type { PreparedStatement } from './prepared-names.ts';
import { refusedStatementName, refusedStatementText } from './refused-statement.ts';
import type { RelayCore } from './relay-core.ts';
import { actingParameter, mayActAsParameter } from './session-knowledge.ts';
import { StatementRun } from './statement-run.ts';
import { type Portal, withFormats } from './statement-table.ts';
import { assertUtf8 } from './text-encoding.ts';
import { dropped, notRun } from './unrun-statements.ts';

type Done = void | Promise<void>;

export class ClientMessages {
  readonly #core: RelayCore;
  readonly #reader = new MessageReader(maxClientMessageBytes);
  #busy = false;
  #pumping = false;
  #again = false;
  #ended = false;
  #over = false;
  #paused = false;
  /** Set while the answer that decides about COPY is awaited. */
  #barrier: Expected | null = null;

  constructor(core: RelayCore) {
    this.#core = core;
  }

  /** Bytes came. */
  receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.pump();
  }

  /** The client sends no more: like Terminate, in its turn. */
  receiveEnd(): void {
    this.#ended = true;
    if (this.#busy) this.#core.judging.cancelHold();
    this.pump();
    // What is left waits for an answer; how long the client may have for it is counted from now.
    if (!this.#over && !this.#busy && this.#barrier?.settled === false) this.#core.clientSaidGoodbye();
  }

  /** Handles what can be handled now. Called again whenever something that stopped it may have changed. */
  pump(): void {
    this.#again = true;
    // A stream in memory may answer a write before it returns: messages are handled one after the other all the same.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#again && !this.#busy && !this.#over) {
        this.#again = false;
        const stopped = this.#handleAll();
        this.#core.toTarget.flush();
        this.#core.toClient.flush();
        // A large message fills the sink; where the flush emptied it at once, no drain will be told of.
        if (stopped && !this.#blocked()) this.#again = true;
      }
    } catch (error) {
      this.#core.fail(error);
      return;
    } finally {
      this.#pumping = false;
    }
    this.#throttle();
  }

  /** True: something stopped it, and there may be more to handle. */
  #handleAll(): boolean {
    while (!this.#blocked()) {
      if (!this.#reader.next()) {
        if (this.#ended) this.#terminate();
        return false;
      }
      const done = this.#handle();
      if (done instanceof Promise) {
        this.#wait(done);
        return false;
      }
      if (this.#over) return false;
    }
    return true;
  }

  #wait(done: Promise<void>): void {
    this.#busy = true;
    done.then(
      () => {
        this.#busy = false;
        this.pump();
      },
      (error: unknown) => this.#core.fail(error),
    );
  }

  #blocked(): boolean {
    if (this.#barrier !== null) {
      if (!this.#barrier.settled && !this.#barrier.copyingIn) return true;
      this.#barrier = null;
    }
    const { cancelling, lanes, toTarget, expected } = this.#core;
    return cancelling || lanes.undecided || toTarget.full || expected.size > maxOutstandingMessages;
  }

  #throttle(): void {
    const pause = (this.#busy || this.#blocked()) && this.#reader.buffered > heldInputBytes;
    if (pause === this.#paused) return;
    this.#paused = pause;
    this.#core.pauseClient(pause);
  }

  #handle(): Done {
    const core = this.#core;
    const type = this.#reader.type;
    if (type === frontend.terminate) return this.#terminate();
    const copying = core.copyingIn();
    if (copying !== null) return this.#duringCopyIn(copying);
    if (core.skipping) {
      // As the target does after an error in the extended protocol: everything up to Sync is not even looked at.
      if (type === frontend.sync) this.#sync();
      return;
    }
    switch (type) {
      case frontend.query:
        return this.#query();
      case frontend.parse:
        return this.#parse();
      case frontend.bind:
        return this.#bind();
      case frontend.execute:
        return this.#execute();
      case frontend.describe:
        return this.#describe();
      case frontend.close:
        return this.#close();
      case frontend.sync:
        return this.#sync();
      case frontend.flush:
        return this.#forward();
      case frontend.copyData:
      case frontend.copyDone:
      case frontend.copyFail:
        // Outside COPY the protocol lets these be ignored: the end of a transfer that had failed.
        return;
      case frontend.functionCall:
        return this.#refuseFunctionCall();
      default:
        core.inspector.refuseMessage(
          `message type ${type}`,
          'it is not part of the PostgreSQL protocol that Sluice carries',
        );
        throw new SluiceError('protocol-violation', `a message of the unknown type ${type}`, {
          hint: 'Only the simple and the extended query protocol and COPY are carried.',
        });
    }
  }

  #body(): [Buffer, number, number] {
    return [this.#reader.buffer, this.#reader.start + 5, this.#reader.end];
  }

  #raw(): Buffer {
    const { buffer, start, end } = this.#reader;
    return start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
  }

  #forward(): void {
    this.#core.toTarget.push(this.#raw());
  }

  #query(): Done {
    const core = this.#core;
    const raw = this.#raw();
    assertUtf8(...this.#body(), 1);
    const text = parseQuery(...this.#body());
    return chain(core.judging.judge({ phase: 'run', text, binds: [], earlier: null }), (judged) => {
      if (core.skipping) return dropped(judged);
      if (judged.type === 'refuse') {
        this.#sendQuery(encodeQuery(refusedStatementText), { refusal: judged.error }, () => judged.statement?.ended());
        return;
      }
      const { permit, statement } = judged.judgement;
      return chain(core.lanes.prepareFor(statement), (problem) => {
        if (core.skipping) return dropped(judged);
        if (problem !== null) {
          notRun(statement, problem);
          this.#sendQuery(encodeQuery(refusedStatementText), { refusal: problem }, () => statement.ended());
          return;
        }
        permit.spend();
        const moved = core.willMove(judged.outcome);
        const run = new StatementRun(statement, text, core.knowledge);
        const entry = this.#sendQuery(raw, { run }, moved);
        if (mayCopyIn(judged.outcome) || statement.budget !== null) this.#barrier = entry;
      });
    });
  }

  #parse(): Done {
    const core = this.#core;
    const raw = this.#raw();
    assertUtf8(...this.#body(), 2);
    const { name, text, parameterTypes } = parseParse(...this.#body());
    if (!core.statements.hasRoomFor(name, text)) {
      return this.#refuseExtended(
        localError('54000', 'too many prepared statements in this session', 'Deallocate those no longer needed.'),
        name,
      );
    }
    if (parameterTypes.some((type) => mayActAsParameter(core.knowledge, type)))
      return this.#refuseExtended(errorOfRefusal(core.inspector.refuseMessage('Parse', actingParameter)), name);
    return chain(core.judging.judge({ phase: 'prepare', text, binds: [], earlier: null }), (judged) => {
      if (core.skipping) return dropped(judged);
      if (judged.type === 'refuse') {
        judged.statement?.ended();
        return this.#refuseExtended(judged.error, name);
      }
      const { permit, statement: handle } = judged.judgement;
      permit.spend();
      const statement: PreparedStatement = {
        kind: 'prepared',
        name,
        text,
        bySql: false,
        doubtful: false,
        handle,
        parameterTypes,
        columns: undefined,
      };
      const change = core.statements.setPrepared(statement);
      core.lanes.parsed(statement);
      this.#send(raw, {
        kind: 'parse',
        run: new StatementRun(handle, text, core.knowledge),
        onDone: () => {
          change.done();
          handle.ended();
        },
        onUndone: change.undone,
      });
    });
  }

  #bind(): Done {
    const core = this.#core;
    const raw = this.#raw();
    const bind = parseBind(...this.#body());
    return chain(core.confirmPrepared(bind.statement), () => {
      const statement = core.statements.prepared(bind.statement);
      if (statement === undefined) {
        return this.#refuseExtended(localError('26000', `prepared statement "${bind.statement}" does not exist`, null));
      }
      if (!core.statements.hasRoomForPortal) {
        return this.#refuseExtended(
          localError('54000', 'too many open portals in this session', 'Close those no longer needed.'),
        );
      }
      const subject = {
        phase: 'bind',
        text: statement.text,
        binds: bindValues(bind, statement.parameterTypes),
        earlier: statement.handle,
        doubtful: () => statement.doubtful,
      } as const;
      return chain(core.judging.judge(subject), (judged) => {
        if (core.skipping) return dropped(judged);
        if (judged.type === 'refuse') {
          judged.statement?.ended();
          return this.#refuseExtended(judged.error);
        }
        return chain(core.lanes.prepareFor(judged.judgement.statement), (problem) => {
          if (core.skipping) return dropped(judged);
          const unknown = problem ?? core.lanes.ensure(statement);
          if (unknown === null) return this.#bound(raw, bind, statement, judged.judgement);
          notRun(judged.judgement.statement, unknown);
          judged.judgement.statement.ended();
          this.#refuseExtended(unknown);
        });
      });
    });
  }

  #bound(raw: Buffer, bind: BindMessage, statement: PreparedStatement, judgement: Forwarded): void {
    const core = this.#core;
    const { permit, statement: handle } = judgement;
    permit.spend();
    core.batchBinds = true;
    const portal: Portal = {
      kind: 'portal',
      name: bind.portal,
      statement,
      doubtful: statement.doubtful,
      names: core.session.names(),
      resultFormats: bind.resultFormats,
      handle,
      run: null,
      columns: undefined,
      stretch: core.stretch,
    };
    const undo = core.statements.setPortal(portal);
    core.session.portalMoved(bind.portal);
    this.#send(raw, {
      kind: 'bind',
      run: new StatementRun(handle, statement.text, core.knowledge),
      onUndone: undo,
    });
  }

  #execute(): Done {
    const core = this.#core;
    const raw = this.#raw();
    const { portal: name } = parseExecute(...this.#body());
    const portal = core.statements.portal(name);
    if (portal === undefined) {
      return this.#refuseExtended(
        localError('34000', `portal "${name}" does not exist`, 'Use FETCH for cursors that SQL declared.'),
      );
    }
    if (portal.run !== null && core.session.stillMeans(portal)) return this.#fetchMore(portal, portal.run);
    const subject = {
      phase: 'execute',
      text: portal.statement.text,
      binds: [],
      earlier: portal.handle,
      doubtful: () => portal.doubtful || portal.names !== core.session.names(),
    } as const;
    return chain(core.judging.judge(subject), (judged) => {
      if (core.skipping) return dropped(judged);
      if (judged.type === 'refuse') {
        judged.statement?.ended();
        return this.#refuseExtended(judged.error);
      }
      const { permit, statement: handle } = judged.judgement;
      permit.spend();
      const run = new StatementRun(handle, portal.statement.text, core.knowledge);
      portal.run = run;
      this.#needColumns(portal);
      const moved = core.willMove(judged.outcome);
      const onUndone = (): void => {
        moved();
        if (portal.run === run) portal.run = null;
      };
      const entry = this.#send(raw, { kind: 'execute', run, subject: portal, onDone: moved, onUndone });
      if (mayCopyIn(judged.outcome) || handle.budget !== null) this.#awaitAnswer(entry);
    });
  }

  /**
   * A portal runs once: PostgreSQL answers another Execute with more rows of the same run, or with none ("we are only fetching
   * more rows rather than completely re-executing the query", exec_execute_message). The verdict on that run stands.
   */
  #fetchMore(portal: Portal, run: StatementRun): void {
    run.goOn();
    const entry = this.#send(this.#raw(), { kind: 'execute', run, subject: portal });
    if (run.handle.budget !== null) this.#awaitAnswer(entry);
  }

  /**
   * The answer must come before anything else is sent. For COPY, because the target ignores a Sync that it reads during COPY; for a
   * limited result, because what the client sent behind it must not run when the result is cut off.
   */
  #awaitAnswer(entry: Expected): void {
    this.#core.toTarget.push(encodeFlush());
    this.#barrier = entry;
  }

  /** Rows cannot be masked without their description: where the client asks for none, the gateway does, and keeps the answer. */
  #needColumns(portal: Portal): void {
    if (portal.columns !== undefined) return;
    const known = portal.statement.columns;
    if (known !== undefined) {
      portal.columns = known === null ? null : withFormats(known, portal.resultFormats);
      return;
    }
    this.#send(encodeDescribePortal(portal.name), { kind: 'describe', own: true, aloud: true, subject: portal });
  }

  #describe(): void {
    const core = this.#core;
    const { kind, name } = parseTargeted(...this.#body());
    const subject = kind === 'statement' ? core.statements.prepared(name) : core.statements.portal(name);
    const unknown = subject?.kind === 'prepared' ? core.lanes.ensure(subject) : null;
    if (unknown === null) this.#send(this.#raw(), { kind: 'describe', subject: subject ?? null });
    else this.#refuseExtended(unknown);
  }

  #close(): void {
    const core = this.#core;
    const { kind, name } = parseTargeted(...this.#body());
    if (kind === 'portal') {
      core.statements.removePortal(name);
      core.session.portalMoved(name);
      this.#send(this.#raw(), { kind: 'close' });
      return;
    }
    const { done, undone } = core.statements.removePrepared(name);
    core.lanes.closed(name);
    this.#send(this.#raw(), { kind: 'close', onDone: done, onUndone: undone });
  }

  #sync(): void {
    const core = this.#core;
    core.skipping = false;
    core.unsynced = false;
    core.batchBinds = false;
    const stretch = core.stretch++;
    this.#forward();
    core.expected.add({ kind: 'sync', onDone: () => core.stretchEnded(stretch) });
  }

  #sendQuery(bytes: Buffer, entry: Partial<Expected>, onDone: () => void): Expected {
    const core = this.#core;
    core.unsynced = false;
    core.batchBinds = false;
    const stretch = core.stretch++;
    core.toTarget.push(bytes);
    return core.expected.add({
      ...entry,
      kind: 'query',
      onDone: () => {
        core.stretchEnded(stretch);
        onDone();
      },
      onUndone: onDone,
    });
  }

  #send(bytes: Buffer, entry: Parameters<RelayCore['expected']['add']>[0]): Expected {
    this.#core.toTarget.push(bytes);
    this.#core.unsynced = true;
    return this.#core.expected.add(entry);
  }

  /** A Parse of the constant invalid text fails at the target, which then skips to Sync, as after any error there. */
  #refuseExtended(error: LocalError, name = refusedStatementName): void {
    this.#send(encodeParse(name, refusedStatementText), { kind: 'parse', refusal: error });
    this.#core.skipping = true;
  }

  #refuseFunctionCall(): void {
    const core = this.#core;
    const refusal = core.inspector.refuseMessage(
      'FunctionCall',
      'functions are called by number there, and no text can be judged',
    );
    this.#sendQuery(encodeQuery(refusedStatementText), { refusal: errorOfRefusal(refusal) }, () => undefined);
  }

  #duringCopyIn(copying: Expected): void {
    switch (this.#reader.type) {
      case frontend.copyData:
        this.#forward();
        break;
      case frontend.copyDone:
      case frontend.copyFail:
        copying.copyingIn = false;
        this.#forward();
        break;
      case frontend.flush:
      case frontend.sync:
        // The target ignores these during COPY, "for the convenience of libraries": so their answers are not awaited.
        return;
      default:
        // As the target itself ends a COPY on any other message, whose own meaning is lost.
        copying.copyingIn = false;
        this.#core.toTarget.push(encodeCopyFail('unexpected message type during COPY from stdin'));
    }
  }

  #terminate(): void {
    this.#over = true;
    this.#core.toTarget.push(encodeTerminate());
    this.#core.toTarget.flush();
    this.#core.clientSaidGoodbye();
  }
}
