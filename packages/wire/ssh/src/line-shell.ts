/** An interactive shell whose lines are judged before Enter reaches the host. */
import type { ServerChannel } from 'ssh2';
import type { ChannelContext } from './channel-context.ts';
import { CommandRun } from './command-run.ts';
import type { Terminal } from './target-side.ts';

export class LineShell {
  readonly #run: CommandRun;

  constructor(
    context: ChannelContext,
    channel: ServerChannel,
    wishes: {
      readonly environment: Readonly<Record<string, string>>;
      readonly terminal: Terminal;
      readonly closed: AbortSignal;
    },
  ) {
    this.#run = new CommandRun(context, channel, wishes);
  }

  resized(size: Omit<Terminal, 'term'>): void {
    this.#run.resized(size);
  }

  signal(name: string): void {
    this.#run.signal(name);
  }

  run(): Promise<void> {
    return this.#run.shell();
  }
}
