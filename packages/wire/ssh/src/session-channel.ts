/** One session channel of a client: what it asks for before it begins, and what then begins in it. */
import { setMaxListeners } from 'node:events';
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import type { ChannelContext } from './channel-context.ts';
import { CommandRun } from './command-run.ts';
import { environmentProblem } from './environment.ts';
import { refusalText, waitingText } from './errors.ts';
import { maxTerminalCells } from './limits.ts';
import { LineShell } from './line-shell.ts';
import { named } from './refused-requests.ts';
import { serveSftp } from './sftp/index.ts';
import type { Terminal } from './target-side.ts';

/** Signals that RFC 4254, 6.10 names. */
const signals: ReadonlySet<string> = new Set([
  'ABRT',
  'ALRM',
  'FPE',
  'HUP',
  'ILL',
  'INT',
  'KILL',
  'PIPE',
  'QUIT',
  'SEGV',
  'TERM',
  'USR1',
  'USR2',
]);
const noTerminal = { cols: 80, rows: 24, width: 0, height: 0 };
/** Writes of one channel that may wait for its sink at once, each listening for its end. */
const maxWaitingWrites = 1_024;
const termForm = /^[\w.+-]{1,64}$/;

export class SessionChannel {
  readonly #context: ChannelContext;
  readonly #environment: Record<string, string> = {};
  readonly #closing = new AbortController();
  #terminal: Terminal | null = null;
  #run: CommandRun | LineShell | null = null;

  constructor(session: Session, context: ChannelContext, onClosed: () => void) {
    this.#context = context;
    setMaxListeners(maxWaitingWrites, this.#closing.signal);
    session.on('pty', (accept, reject, info) => this.#offerTerminal(accept, reject, info));
    session.on('env', (accept, reject, { key, val }) => this.#take(accept, reject, key, val));
    session.on('window-change', (accept, _reject, { cols, rows, width, height }) => {
      this.#run?.resized({ cols: cells(cols), rows: cells(rows), width, height });
      accept?.();
    });
    session.on('signal', (accept, _reject, { name }) => {
      if (signals.has(name)) this.#run?.signal(name);
      accept?.();
    });
    session.on('x11', (_accept, reject) => this.#refuse(reject, 'X11 forwarding'));
    session.on('auth-agent', (_accept, reject) => this.#refuse(reject, 'agent forwarding'));
    session.on('exec', (accept, _reject, { command }) =>
      this.#begin(accept(), (channel) => this.#exec(channel, command)),
    );
    session.on('shell', (accept) => this.#begin(accept(), (channel) => this.#shell(channel)));
    session.on('subsystem', (accept, reject, { name }) => {
      if (name === 'sftp') this.#begin(accept(), (channel) => this.#sftp(channel));
      else this.#refuse(reject, `the subsystem ${named(name)}`);
    });
    const closed = () => {
      if (this.#closing.signal.aborted) return;
      this.#closing.abort();
      onClosed();
    };
    // The library tells a session that has begun by its channel, and one that has not by itself.
    session.on('close', closed);
    context.request.signal.addEventListener('abort', closed, { once: true });
  }

  /** The client, or the whole session, is gone: what runs is stopped. */
  close(): void {
    this.#closing.abort();
  }

  #begin(channel: ServerChannel | undefined, run: (channel: ServerChannel) => Promise<void>): void {
    // Nothing comes back when the channel runs something already (RFC 4254, 6.5).
    if (channel === undefined) return;
    channel.once('close', () => this.#closing.abort());
    channel.on('error', () => this.#closing.abort());
    void run(channel);
  }

  #exec(channel: ServerChannel, command: string): Promise<void> {
    const run = new CommandRun(this.#context, channel, { ...this.#wishes(), closed: this.#closing.signal });
    this.#run = run;
    return run.exec(command);
  }

  async #shell(channel: ServerChannel): Promise<void> {
    const problem = this.#context.terminalProblem;
    if (problem !== null) {
      const refusal = this.#context.inspector.refuseMessage('an interactive shell', problem);
      await new CommandRun(this.#context, channel, { ...this.#wishes(), closed: this.#closing.signal }).refused(
        refusal,
      );
      return;
    }
    if (this.#context.options.lineMode && this.#terminal !== null) {
      const shell = new LineShell(this.#context, channel, {
        environment: this.#environment,
        terminal: this.#terminal,
        closed: this.#closing.signal,
      });
      this.#run = shell;
      await shell.run();
      return;
    }
    const run = new CommandRun(this.#context, channel, { ...this.#wishes(), closed: this.#closing.signal });
    this.#run = run;
    await run.shell();
  }

  async #sftp(channel: ServerChannel): Promise<void> {
    const context = this.#context;
    const { request } = context;
    const code = await serveSftp({
      client: channel,
      openTarget: async (purpose) => (purpose === 'writer' ? await context.writer() : request.target).subsystem('sftp'),
      hasWriter: request.dialWriter !== null,
      inspector: context.inspector,
      facts: context.facts,
      connection: request.connection,
      state: context.state,
      home: context.known?.home ?? null,
      warn: (refusal) => void channel.stderr.write(refusalText(refusal)),
      waiting: (notice) => void channel.stderr.write(waitingText(notice)),
      closed: this.#closing.signal,
    });
    if (this.#closing.signal.aborted) return;
    channel.exit(code);
    channel.end();
  }

  #wishes(): { readonly environment: Readonly<Record<string, string>>; readonly terminal: Terminal | null } {
    return { environment: this.#environment, terminal: this.#terminal };
  }

  #offerTerminal(accept: Answer, reject: Answer, info: PseudoTtyInfo): void {
    const problem = this.#context.terminalProblem;
    if (problem !== null) {
      this.#context.refused.note('a terminal', problem);
      reject?.();
      return;
    }
    const term = typeof info.term === 'string' && termForm.test(info.term) ? info.term : 'dumb';
    const { cols, rows, width, height } = { ...noTerminal, ...info };
    this.#terminal = { term, cols: cells(cols), rows: cells(rows), width, height };
    accept?.();
  }

  #take(accept: Answer, reject: Answer, name: string, value: string): void {
    const problem = environmentProblem(name, value, this.#environment);
    if (problem === null) {
      this.#environment[name] = value;
      accept?.();
      return;
    }
    this.#context.refused.note(`the environment variable ${named(name)}`, problem);
    reject?.();
  }

  #refuse(reject: Answer, what: string): void {
    this.#context.refused.note(what, 'it is not carried here');
    reject?.();
  }
}

/** Absent where the client wants no answer. */
type Answer = (() => unknown) | undefined;

function cells(count: number): number {
  return Number.isInteger(count) ? Math.min(Math.max(count, 1), maxTerminalCells) : 1;
}
