/** One command or shell in one channel: judged before the target hears of it, then run, with its streams masked and recorded. */
import type { ReadOutcome, Refusal } from '@sluice/domain';
import type { HoldInteraction, JudgeRequest, StatementHandle, TerminalTap } from '@sluice/wire-kit';
import type { ClientChannel, ServerChannel } from 'ssh2';
import { type ChannelContext, faultOf } from './channel-context.ts';
import { refusalText, sentenceOf, waitingText } from './errors.ts';
import { commandLanguage, readCommand } from './facts.ts';
import { cancelledExitCode, refusedExitCode, stillWaitingMs, stopGraceMs } from './limits.ts';
import { pump, send } from './pump.ts';
import type { ChannelWishes, SshTarget, Terminal } from './target-side.ts';

const interruptKey = 0x03;
const newline = 0x0a;
/** What stands in the record in the place of a command: nobody knows beforehand what will be typed. */
const shellText = 'shell';
const shellOutcome: ReadOutcome = {
  ok: false,
  reason: 'refused',
  message: 'what is typed into an interactive shell cannot be known beforehand',
  position: null,
};

export interface RunWishes extends ChannelWishes {
  /** Aborted when the client closed the channel or the session ends. */
  readonly closed: AbortSignal;
}

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

export class CommandRun {
  readonly #context: ChannelContext;
  readonly #channel: ServerChannel;
  readonly #wishes: RunWishes;
  readonly #lineEnd: string;
  /** Aborted when nobody waits for an answer of people any more. */
  readonly #given = new AbortController();
  #terminal: Terminal | null;
  #running: ClientChannel | null = null;
  #tap: TerminalTap | null = null;

  constructor(context: ChannelContext, channel: ServerChannel, wishes: RunWishes) {
    this.#context = context;
    this.#channel = channel;
    this.#wishes = wishes;
    this.#terminal = wishes.terminal;
    this.#lineEnd = wishes.terminal === null ? '\n' : '\r\n';
    wishes.closed.addEventListener('abort', () => this.#given.abort(), { once: true });
    if (wishes.closed.aborted) this.#given.abort();
  }

  /** Never rejects for the world's faults. */
  async exec(command: string): Promise<void> {
    const { facts, user, known } = this.#context;
    const terminal = this.#terminal === null ? 'none' : 'command';
    const read = () => readCommand(facts, command, { user, known, terminal });
    await this.#run(command, read, (target, wishes) => target.exec(command, wishes));
  }

  async shell(): Promise<void> {
    await this.#run(
      shellText,
      () => shellOutcome,
      (target, wishes) => target.shell(wishes),
    );
  }

  /** Ends the channel with a refusal: nothing ran. */
  async refused(refusal: Refusal): Promise<void> {
    await this.#say(refusalText(refusal, this.#lineEnd));
    this.#finish({ code: refusal.code === 'approval-cancelled' ? cancelledExitCode : refusedExitCode, signal: null });
  }

  resized(size: Omit<Terminal, 'term'>): void {
    if (this.#terminal === null) return;
    this.#terminal = { ...this.#terminal, ...size };
    this.#running?.setWindow(size.rows, size.cols, size.height, size.width);
    this.#tap?.resized(size.cols, size.rows);
  }

  signal(name: string): void {
    if (this.#running === null) this.#given.abort();
    else this.#running.signal(name);
  }

  async #run(
    text: string,
    read: () => ReadOutcome | Promise<ReadOutcome>,
    open: (target: SshTarget, wishes: ChannelWishes) => Promise<ClientChannel>,
  ): Promise<void> {
    const judgement = await this.#judge(text, read);
    const { statement } = judgement;
    try {
      if (judgement.type === 'refuse') {
        await this.refused(judgement.refusal);
        return;
      }
      if (this.#wishes.closed.aborted) {
        statement.failed({ code: 'cancelled', message: 'the client closed the channel before it ran' });
        return;
      }
      judgement.permit.spend();
      await this.#relay(statement, open);
    } finally {
      statement.ended();
    }
  }

  async #judge(text: string, read: () => ReadOutcome | Promise<ReadOutcome>) {
    const { inspector, state } = this.#context;
    const request: JudgeRequest = {
      phase: 'run',
      language: commandLanguage,
      text,
      outcome: await read(),
      binds: [],
      state,
      definitions: '',
      earlier: null,
      hold: this.#hold(read),
    };
    const onKey = (bytes: Buffer) => {
      if (bytes.includes(interruptKey)) this.#given.abort();
    };
    // In a terminal Ctrl-C is a byte; without one the client closes the channel. What is typed while it waits is dropped.
    if (this.#terminal !== null) this.#channel.on('data', onKey);
    try {
      return await inspector.judge(request);
    } finally {
      this.#channel.off('data', onKey);
      this.#channel.pause();
    }
  }

  #hold(read: () => ReadOutcome | Promise<ReadOutcome>): HoldInteraction {
    const { state } = this.#context;
    return {
      cancelled: this.#given.signal,
      maxWaitMs: null,
      readAgain: async () => ({ outcome: await read(), state, definitions: '' }),
      waiting: (notice) => {
        const tell = () => void this.#say(waitingText(notice, this.#lineEnd));
        tell();
        const again = setInterval(tell, stillWaitingMs);
        const stop = () => clearInterval(again);
        this.#given.signal.addEventListener('abort', stop, { once: true });
        this.#stopTelling = stop;
      },
    };
  }

  #stopTelling: () => void = () => undefined;

  async #relay(
    statement: StatementHandle,
    open: (target: SshTarget, wishes: ChannelWishes) => Promise<ClientChannel>,
  ): Promise<void> {
    this.#stopTelling();
    let target: SshTarget;
    let running: ClientChannel;
    try {
      target = await this.#context.targetFor(statement);
      running = await open(target, { environment: this.#wishes.environment, terminal: this.#terminal });
    } catch (error) {
      const fault = faultOf(error);
      const message = statement.maskMessage(fault.message);
      statement.failed({ code: fault.code, message });
      await this.#say(`sluice: ${sentenceOf({ message, hint: fault.hint ?? '' })}${this.#lineEnd}`);
      this.#finish({ code: refusedExitCode, signal: null });
      return;
    }
    this.#running = running;
    const stop = () => stopRunning(running);
    this.#wishes.closed.addEventListener('abort', stop, { once: true });
    if (this.#wishes.closed.aborted) stop();
    const ending = await this.#streams(statement, target, running);
    this.#wishes.closed.removeEventListener('abort', stop);
    this.#running = null;
    await this.#report(statement, ending);
  }

  /** Carries the streams until the target has closed the channel. */
  async #streams(statement: StatementHandle, target: SshTarget, running: ClientChannel): Promise<Ending> {
    const { closed } = this.#wishes;
    const client = this.#context.client.stream;
    const over = new AbortController();
    const ended = endOf(running);
    this.#tap = this.#openTap(statement);
    const tap = this.#tap;
    const take = (bytes: Buffer): boolean => {
      if (statement.budget === null || statement.budget.take(countLines(bytes), bytes.length)) return true;
      stopRunning(running);
      return false;
    };
    const output =
      tap === null
        ? statement.stream('stdout')
        : { write: (b: Buffer) => tap.output(b), flush: (atEnd?: boolean) => tap.flush(atEnd) };
    const outward = { socket: client, closed };
    const pumps = [
      pump({ ...outward, source: running, sink: this.#channel, masked: output, take }),
      pump({
        ...outward,
        source: running.stderr,
        sink: this.#channel.stderr,
        masked: statement.stream('stderr'),
        take,
      }),
    ];
    const inward = { source: this.#channel, sink: running, socket: target.stream, take: () => true };
    const typed =
      tap === null ? statement.stream('stdin') : { write: (b: Buffer) => typedInto(tap, b), flush: nothing };
    void pump({ ...inward, masked: typed, closed: AbortSignal.any([closed, over.signal]) }).then(() => running.end());
    const ending = await ended;
    over.abort();
    await Promise.all(pumps);
    tap?.closed({ exitCode: ending.code, signal: ending.signal });
    return ending;
  }

  #openTap(statement: StatementHandle): TerminalTap | null {
    if (this.#terminal === null) return null;
    const { cols, rows, term } = this.#terminal;
    return this.#context.inspector.openTerminal({ columns: cols, rows, term, statement });
  }

  async #report(statement: StatementHandle, ending: Ending): Promise<void> {
    if (statement.budget !== null && !statement.budget.take(0, 0)) {
      await this.refused(statement.stopped({ ran: false }));
      return;
    }
    const { code, signal } = ending;
    if (signal !== null) statement.failed({ code: `signal ${signal}`, message: 'the command was ended by a signal' });
    else if (code === null) statement.failed({ code: 'no-status', message: 'the target gave no exit status' });
    else if (code === 0) statement.completed({ tag: 'exit 0', rows: null });
    else statement.failed({ code: `exit ${code}`, message: `the command ended with exit status ${code}` });
    this.#finish(ending);
  }

  #finish({ code, signal }: Ending): void {
    if (this.#wishes.closed.aborted) return;
    if (signal !== null) this.#channel.exit(signal, false, '');
    else if (code !== null) this.#channel.exit(code);
    this.#channel.end();
  }

  async #say(text: string): Promise<void> {
    const sink = this.#terminal === null ? this.#channel.stderr : this.#channel;
    const { closed } = this.#wishes;
    await send({ sink, socket: this.#context.client.stream, closed }, Buffer.from(text));
  }
}

const nothing = (): Buffer => Buffer.alloc(0);

function typedInto(tap: TerminalTap, bytes: Buffer): Buffer {
  return tap.input(bytes) ? bytes : nothing();
}

/** Asks the command to end, then closes its channel. */
export function stopRunning(running: ClientChannel): void {
  running.signal('TERM');
  running.signal('HUP');
  const late = setTimeout(() => running.close(), stopGraceMs);
  running.once('close', () => clearTimeout(late));
  running.end();
}

/**
 * Resolves when the target has closed the channel; by then every byte of it was read. The status comes with the close: its own event
 * is over before anybody can listen where a target answers everything in one packet.
 */
export function endOf(running: ClientChannel): Promise<Ending> {
  return new Promise((resolve) => {
    running.once('close', (code?: number | null, signal?: string | null) =>
      resolve({ code: code ?? null, signal: signal ?? null }),
    );
    running.on('error', () => undefined);
  });
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++;
  return lines;
}
