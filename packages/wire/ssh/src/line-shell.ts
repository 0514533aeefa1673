/**
 * An interactive shell whose lines are judged before Enter reaches the host. What is typed is edited and shown here; the host gets whole
 * judged lines, Ctrl-C and Ctrl-D, and nothing else. A program that reads single keys therefore does not work. A line that starts a
 * program which takes commands from its terminal is not proved, so policy treats it as the shell without line mode; where it lets one
 * start, each line that goes to it is judged as a line of the shell, which says little of what the program makes of it.
 */
import type { JudgeRequest, StatementHandle, TerminalTap } from '@sluice/wire-kit';
import type { ClientChannel, ServerChannel } from 'ssh2';
import { type ChannelContext, faultOf } from './channel-context.ts';
import { endOf, stopRunning } from './command-run.ts';
import { refusalText, sentenceOf, waitingText } from './errors.ts';
import { commandLanguage, readCommand } from './facts.ts';
import { refusedExitCode } from './limits.ts';
import { LineEditor } from './line-editor.ts';
import { pump, send } from './pump.ts';
import type { Terminal } from './target-side.ts';

const interrupt = Buffer.of(0x03);
const endOfFile = Buffer.of(0x04);
const newline = 0x0a;
const lineEnd = '\r\n';
/** Typed ahead while a line is judged; what is more is dropped. */
const maxTypedAheadBytes = 4_096;
/** Of the last line that the host wrote: its prompt, to be shown again after a refusal. */
const maxPromptBytes = 1_024;
/** The host's shell would put another text in the place of these (bash, "History Expansion"): what is judged must be what runs. */
const historyMark = /!(?![\s=(]|$)|^\s*\^/;

/** An odd number of backslashes at the end joins the next line to this one, which nobody has judged together. */
const goesOn = /(?<!\\)(\\\\)*\\$/;
/** Where the locale is C, readline takes a byte above 0x7f for Meta with the lower seven bits (`convert-meta`): an editing key. */
const beyondAscii = /[^ -~]/;

export interface LineShellWishes {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly closed: AbortSignal;
}

export class LineShell {
  readonly #context: ChannelContext;
  readonly #channel: ServerChannel;
  readonly #wishes: LineShellWishes;
  readonly #editor = new LineEditor();
  #terminal: Terminal;
  #running: ClientChannel | null = null;
  #tap: TerminalTap | null = null;
  #prompt: Buffer = Buffer.alloc(0);
  #typedAhead: Buffer = Buffer.alloc(0);
  /** Gives up what waits for people; null: nothing is being judged. */
  #judging: AbortController | null = null;
  #inputEnded = false;
  /** Nobody knows any more where the shell stands. */
  #moved = false;

  constructor(context: ChannelContext, channel: ServerChannel, wishes: LineShellWishes) {
    this.#context = context;
    this.#channel = channel;
    this.#wishes = wishes;
    this.#terminal = wishes.terminal;
  }

  resized(size: Omit<Terminal, 'term'>): void {
    this.#terminal = { ...this.#terminal, ...size };
    this.#running?.setWindow(size.rows, size.cols, size.height, size.width);
    this.#tap?.resized(size.cols, size.rows);
  }

  signal(name: string): void {
    this.#judging?.abort();
    if (name === 'INT' || name === 'TERM' || name === 'HUP') this.#running?.signal(name);
  }

  /** Never rejects for the world's faults. */
  async run(): Promise<void> {
    const { closed, environment } = this.#wishes;
    const { target } = this.#context.request;
    let running: ClientChannel;
    try {
      running = await target.shell({ environment, terminal: this.#terminal });
    } catch (error) {
      const fault = faultOf(error);
      await this.#show(`sluice: ${sentenceOf({ message: fault.message, hint: fault.hint ?? '' })}${lineEnd}`);
      this.#finish(refusedExitCode, null);
      return;
    }
    this.#running = running;
    const stop = () => stopRunning(running);
    closed.addEventListener('abort', stop, { once: true });
    if (closed.aborted) stop();
    const { cols, rows, term } = this.#terminal;
    const tap = this.#context.inspector.openTerminal({ columns: cols, rows, term, statement: null });
    this.#tap = tap;
    await this.#show(`sluice: each line is judged before it runs; full-screen programs do not work here${lineEnd}`);
    this.#channel.on('data', (bytes: Buffer) => this.#typed(bytes));
    this.#channel.once('end', () => {
      this.#inputEnded = true;
      this.#endInput();
    });
    this.#channel.resume();
    running.stderr.resume();
    const ended = endOf(running);
    const masked = { write: (bytes: Buffer) => this.#noted(tap.output(bytes)), flush: () => this.#noted(tap.flush()) };
    const outward = { source: running, sink: this.#channel, socket: this.#context.client.stream, closed };
    await pump({ ...outward, masked, take: () => true });
    const { code, signal } = await ended;
    this.#judging?.abort();
    tap.closed({ exitCode: code, signal });
    closed.removeEventListener('abort', stop);
    this.#finish(code, signal);
  }

  #typed(bytes: Buffer): void {
    this.#tap?.input(bytes);
    if (this.#judging === null) {
      this.#edit(bytes);
      return;
    }
    if (bytes.includes(interrupt)) this.#judging.abort();
    else if (this.#typedAhead.length + bytes.length <= maxTypedAheadBytes)
      this.#typedAhead = Buffer.concat([this.#typedAhead, bytes]);
  }

  /** Up to the first line that has to be judged; what follows waits for its end. */
  #edit(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at++) {
      for (const event of this.#editor.take(bytes[at] ?? 0)) {
        if (event.type === 'show') void this.#show(event.text);
        else if (event.type === 'line') {
          this.#typedAhead = Buffer.from(bytes.subarray(at + 1));
          void this.#show(event.erase);
          void this.#line(event.bytes);
          return;
        } else {
          if (event.type === 'interrupt') void this.#show(event.erase);
          void this.#give(event.type === 'interrupt' ? interrupt : endOfFile);
        }
      }
    }
  }

  async #line(bytes: Buffer): Promise<void> {
    this.#judging = new AbortController();
    try {
      await this.#judged(bytes, this.#judging.signal);
    } finally {
      this.#judging = null;
      const ahead = this.#typedAhead;
      this.#typedAhead = Buffer.alloc(0);
      if (ahead.length > 0) this.#edit(ahead);
      this.#endInput();
    }
  }

  /** The host hears of the end of the input behind the last line that came before it. */
  #endInput(): void {
    if (this.#inputEnded && this.#judging === null) this.#running?.end();
  }

  async #judged(bytes: Buffer, given: AbortSignal): Promise<void> {
    const text = bytes.toString('utf8');
    if (text.trim() === '') {
      await this.#give(Buffer.from('\r'));
      return;
    }
    const problem = lineProblem(text);
    if (problem !== null) {
      await this.#refused(refusalText(this.#context.inspector.refuseMessage('a line of a shell', problem), lineEnd));
      return;
    }
    const judgement = await this.#context.inspector.judge(await this.#request(text, given));
    const { statement } = judgement;
    try {
      if (judgement.type === 'refuse') await this.#refused(refusalText(judgement.refusal, lineEnd));
      else if (statement.budget !== null) {
        statement.failed({ code: 'unsupported', message: 'a limit on its output cannot be kept in a terminal' });
        await this.#refused(`sluice: a limit on its output cannot be kept here: run it as a single command${lineEnd}`);
      } else {
        judgement.permit.spend();
        this.#moved ||= !staysWhereItIs(statement);
        await this.#give(Buffer.concat([bytes, Buffer.from('\r')]));
      }
    } finally {
      // When it is over, and how, only the screen shows.
      statement.ended();
    }
  }

  async #request(text: string, given: AbortSignal): Promise<JudgeRequest> {
    const { facts, user, known, state } = this.#context;
    const read = () => readCommand(facts, text, { user, known, cwdKnown: !this.#moved, terminal: 'lines' });
    return {
      phase: 'run',
      language: commandLanguage,
      text,
      outcome: await read(),
      binds: [],
      state,
      definitions: '',
      earlier: null,
      hold: {
        cancelled: AbortSignal.any([given, this.#wishes.closed]),
        maxWaitMs: null,
        readAgain: async () => ({ outcome: await read(), state, definitions: '' }),
        waiting: (notice) => void this.#show(`${lineEnd}${waitingText(notice, lineEnd)}`),
      },
    };
  }

  /** The host's prompt is shown again: it did not hear of the line. */
  async #refused(text: string): Promise<void> {
    await this.#show(`${lineEnd}${text}`);
    await this.#show(this.#prompt);
  }

  #noted(bytes: Buffer): Buffer {
    const last = bytes.lastIndexOf(newline);
    const line = last >= 0 ? bytes.subarray(last + 1) : Buffer.concat([this.#prompt, bytes]);
    this.#prompt = Buffer.from(line.subarray(Math.max(line.length - maxPromptBytes, 0)));
    return bytes;
  }

  async #give(bytes: Buffer): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    const { target } = this.#context.request;
    await send({ sink: running, socket: target.stream, closed: this.#wishes.closed }, bytes);
  }

  async #show(text: string | Buffer): Promise<void> {
    const { closed } = this.#wishes;
    await send({ sink: this.#channel, socket: this.#context.client.stream, closed }, Buffer.from(text));
  }

  #finish(code: number | null, signal: string | null): void {
    if (this.#wishes.closed.aborted) return;
    if (signal !== null) this.#channel.exit(signal, false, '');
    else if (code !== null) this.#channel.exit(code);
    this.#channel.end();
  }
}

/** Why the host's shell might run another text than this one; null: it would not. */
function lineProblem(text: string): string | null {
  if (beyondAscii.test(text)) return 'beyond ASCII a byte may be a key to the shell';
  if (historyMark.test(text)) return 'the shell would put another text in its place';
  return goesOn.test(text) ? 'it goes on in the next line' : null;
}

function staysWhereItIs(statement: StatementHandle): boolean {
  return statement.facts.every(
    ({ complete, kind, sessionEffects }) => complete && kind !== 'session' && sessionEffects.length === 0,
  );
}
