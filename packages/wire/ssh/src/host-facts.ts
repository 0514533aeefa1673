/** What the gateway itself asks a host, once for all sessions of a connection: where commands begin, and in which shell. */
import type { DialRequest, TargetKnowledge } from '@sluice/wire-kit';
import { maxOwnAnswerBytes, ownQuestionMs } from './limits.ts';
import { dialTarget, type SshTarget } from './target-side.ts';

/** The whole list of texts that this gateway sends by itself. Every shell with POSIX words answers it. */
export const ownQuestion = 'echo "$HOME" && echo "$SHELL" && pwd';

export interface HostFacts {
  readonly home: string | null;
  readonly shell: string | null;
  /** Where a command begins. */
  readonly cwd: string | null;
}

/** Kept with its connection's revision; it needs no session of its own once it is known. */
export class SshKnowledge implements TargetKnowledge {
  readonly facts: HostFacts;

  constructor(facts: HostFacts) {
    this.facts = facts;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Null where the target answers no commands: paths are then judged as they are written. */
export async function openKnowledge(request: DialRequest): Promise<SshKnowledge | null> {
  const target = await dialTarget(request);
  try {
    const facts = await askHost(target);
    return facts === null ? null : new SshKnowledge(facts);
  } finally {
    await target.close();
  }
}

/** Null when the host does not answer as asked. Never throws for the host's faults. */
export async function askHost(target: SshTarget): Promise<HostFacts | null> {
  const answer = await output(target).catch(() => null);
  if (answer === null) return null;
  const [home, shell, cwd, ...more] = answer.split('\n');
  if (more.length !== 1 || more[0] !== '') return null;
  return { home: absolute(home), shell: absolute(shell), cwd: absolute(cwd) };
}

function absolute(path: string | undefined): string | null {
  return path?.startsWith('/') === true ? path : null;
}

async function output(target: SshTarget): Promise<string | null> {
  const channel = await target.exec(ownQuestion, { environment: {}, terminal: null });
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const finish = (text: string | null) => {
      clearTimeout(timer);
      channel.close();
      resolve(text);
    };
    const timer = setTimeout(() => finish(null), ownQuestionMs);
    channel.stderr.resume();
    channel.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxOwnAnswerBytes) finish(null);
      else parts.push(part);
    });
    channel.once('close', (code: number | null) => finish(code === 0 ? Buffer.concat(parts).toString('utf8') : null));
  });
}
