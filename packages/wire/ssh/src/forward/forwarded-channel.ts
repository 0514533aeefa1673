/** One connection onwards through the target (`ssh -L`, `-W`): judged before the target hears of it, masked and recorded like a command's streams. */
import type { ReadOutcome } from '@sluice/domain';
import type { JudgeRequest, StatementHandle } from '@sluice/wire-kit';
import type { ClientChannel, ServerChannel } from 'ssh2';
import { type ChannelContext, faultOf } from '../channel-context.ts';
import { sentenceOf } from '../errors.ts';
import { pump } from '../pump.ts';
import type { Destination } from './destinations.ts';
import { factsOf, forwardLanguageName, textOf } from './language.ts';

export interface ForwardRequest {
  readonly destination: Destination;
  /** Opens the client's channel; undefined: it is gone. */
  readonly accept: () => ServerChannel | undefined;
  /** Answers that there is no channel, with a sentence. */
  readonly reject: (words: string) => void;
}

export class ForwardedChannel {
  readonly #context: ChannelContext;
  readonly #request: ForwardRequest;
  readonly #closing = new AbortController();

  constructor(context: ChannelContext, request: ForwardRequest, onClosed: () => void) {
    this.#context = context;
    this.#request = request;
    const { signal } = context.request;
    signal.addEventListener('abort', () => this.close(), { once: true, signal: this.#closing.signal });
    if (signal.aborted) this.close();
    void this.#run().finally(() => {
      this.close();
      onClosed();
    });
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<void> {
    const { inspector, state } = this.#context;
    const { destination, reject } = this.#request;
    const outcome: ReadOutcome = { ok: true, statements: [factsOf(destination)] };
    const request: JudgeRequest = {
      phase: 'run',
      language: forwardLanguageName,
      text: textOf(destination),
      outcome,
      binds: [],
      state,
      definitions: '',
      earlier: null,
      hold: {
        cancelled: this.#closing.signal,
        maxWaitMs: null,
        readAgain: () => Promise.resolve({ outcome, state, definitions: '' }),
        // There is no channel yet on which the client could be told.
        waiting: () => undefined,
      },
    };
    const judgement = await inspector.judge(request);
    const { statement } = judgement;
    try {
      if (judgement.type === 'refuse') {
        reject(sentenceOf(judgement.refusal));
      } else if (this.#closing.signal.aborted) {
        statement.failed({ code: 'cancelled', message: 'the client left before it was opened' });
      } else {
        judgement.permit.spend();
        await this.#open(statement);
      }
    } finally {
      statement.ended();
    }
  }

  async #open(statement: StatementHandle): Promise<void> {
    const { destination, accept, reject } = this.#request;
    let onwards: ClientChannel;
    try {
      onwards = await (await this.#context.targetFor(statement)).forward(destination);
    } catch (error) {
      const fault = faultOf(error);
      const message = statement.maskMessage(fault.message);
      statement.failed({ code: fault.code, message });
      reject(sentenceOf({ message, hint: fault.hint ?? '' }));
      return;
    }
    onwards.on('error', () => onwards.destroy());
    const channel = this.#closing.signal.aborted ? undefined : accept();
    if (channel === undefined) {
      onwards.close();
      statement.failed({ code: 'cancelled', message: 'the client left before it was opened' });
      return;
    }
    await this.#carry(statement, channel, onwards);
  }

  /** Resolves when both directions are over, or one side is gone. */
  async #carry(statement: StatementHandle, channel: ServerChannel, onwards: ClientChannel): Promise<void> {
    const { client, request } = this.#context;
    const closed = this.#closing.signal;
    const over = () => this.close();
    channel.on('error', over).once('close', over);
    // What came before the target's close is still handed on; what the client sends has nowhere to go.
    const far = new AbortController();
    onwards.once('close', () => far.abort());
    const counts = { sent: 0, received: 0 };
    const within = (bytes: Buffer): boolean => {
      counts.received += bytes.length;
      if (statement.budget === null || statement.budget.take(0, bytes.length)) return true;
      over();
      return false;
    };
    const forth = pump({
      source: channel,
      sink: onwards,
      socket: request.target.stream,
      masked: statement.stream('stdin'),
      take: (bytes) => {
        counts.sent += bytes.length;
        return true;
      },
      closed: AbortSignal.any([closed, far.signal]),
    }).then(() => onwards.end());
    const back = pump({
      source: onwards,
      sink: channel,
      socket: client.stream,
      masked: statement.stream('stdout'),
      take: within,
      closed,
    }).then(() => channel.end());
    await Promise.all([forth, back]);
    channel.close();
    onwards.close();
    if (statement.budget !== null && !statement.budget.take(0, 0)) statement.stopped({ ran: false });
    else statement.completed({ tag: `${counts.sent} bytes sent, ${counts.received} received`, rows: null });
  }
}
