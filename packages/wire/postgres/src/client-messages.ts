/** The client's messages, one after the other: judged, then forwarded, replaced or dropped. */
import { SluiceError } from '@sluice/domain';
import { errorOfRefusal } from './errors.ts';
import type { Expected } from './expected.ts';
import { ExtendedMessages } from './extended-messages.ts';
import { mayCopyIn } from './facts.ts';
import { MessageReader } from './framing.ts';
import { GuardedRun, isGuarded } from './guarded-run.ts';
import { chain } from './judging.ts';
import { heldInputBytes, maxClientMessageBytes, maxOutstandingMessages } from './limits.ts';
import { encodeCopyFail, encodeQuery, encodeTerminate, frontend, parseQuery } from './messages/frontend.ts';
import { refusedStatementText } from './refused-statement.ts';
import type { RelayCore } from './relay-core.ts';
import { sendQuery } from './sending.ts';
import { StatementRun } from './statement-run.ts';
import { assertUtf8 } from './text-encoding.ts';
import { dropped, notRun } from './unrun-statements.ts';

type Done = void | Promise<void>;

export class ClientMessages {
  readonly #core: RelayCore;
  readonly #extended: ExtendedMessages;
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
    this.#extended = new ExtendedMessages(core, { raw: () => this.#raw(), body: () => this.#body() }, (entry) => {
      this.#barrier = entry;
    });
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
        return this.#extended.parse();
      case frontend.bind:
        return this.#extended.bind();
      case frontend.execute:
        return this.#extended.execute();
      case frontend.describe:
        return this.#extended.describe();
      case frontend.close:
        return this.#extended.close();
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
        sendQuery(core, encodeQuery(refusedStatementText), { refusal: judged.error }, () => judged.statement?.ended());
        return;
      }
      const { permit, statement } = judged.judgement;
      return chain(core.lanes.prepareFor(statement), (problem) => {
        if (core.skipping) return dropped(judged);
        if (problem !== null) {
          notRun(statement, problem);
          sendQuery(core, encodeQuery(refusedStatementText), { refusal: problem }, () => statement.ended());
          return;
        }
        permit.spend();
        const run = new StatementRun(statement, text, core.knowledge);
        if (isGuarded(run)) return new GuardedRun(core, run, judged.outcome).query(Buffer.from(raw));
        const moved = core.willMove(judged.outcome);
        const entry = sendQuery(core, raw, { run }, moved);
        if (mayCopyIn(judged.outcome) || statement.budget !== null) this.#barrier = entry;
      });
    });
  }

  #sync(): void {
    const core = this.#core;
    const ended = core.takeBatchListeners();
    core.skipping = false;
    core.unsynced = false;
    core.batchBinds = false;
    const stretch = core.stretch++;
    this.#forward();
    core.expected.add({
      kind: 'sync',
      onDone: () => {
        ended();
        core.stretchEnded(stretch);
      },
    });
  }

  #refuseFunctionCall(): void {
    const core = this.#core;
    const refusal = core.inspector.refuseMessage(
      'FunctionCall',
      'functions are called by number there, and no text can be judged',
    );
    sendQuery(core, encodeQuery(refusedStatementText), { refusal: errorOfRefusal(refusal) }, () => undefined);
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
