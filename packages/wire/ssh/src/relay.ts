/** Admits the client and carries its channels until one side ends the session. */
import { setMaxListeners } from 'node:events';
import type { SessionEnd, WireRefusal } from '@sluice/wire-kit';
import { ChannelContext, type SshRelay } from './channel-context.ts';
import { guardClient } from './client-guard.ts';
import { openFailures } from './errors.ts';
import { ForwardedChannel } from './forward/forwarded-channel.ts';
import { maxChannels } from './limits.ts';
import { RefusedRequests } from './refused-requests.ts';
import { SessionChannel } from './session-channel.ts';
import { rejectWithWords } from './ssh2-library.ts';

const maxSignalListeners = 8 * maxChannels;

/** Resolves in every case; both sides are closed. */
export async function relay(request: SshRelay): Promise<SessionEnd> {
  const { client, target, permit } = request;
  permit.spend();
  const ends = new SessionEnds(request);
  const channels = new Set<SessionChannel | ForwardedChannel>();
  const refused = new RefusedRequests(request.inspector, () =>
    ends.violation('it asks for what is refused again and again'),
  );
  const context = new ChannelContext(request, refused);
  guardClient(client, {
    refused,
    openChannels: () => channels.size,
    forwardProblem: (destination) => context.forwardProblem(destination),
    violation: (what) => ends.violation(what),
  });
  client.connection.on('session', (accept) => {
    const channel: SessionChannel = new SessionChannel(accept(), context, () => channels.delete(channel));
    channels.add(channel);
  });
  client.connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
    const forward = {
      destination: { host: destIP.toLowerCase(), port: destPort },
      accept,
      reject: (words: string) =>
        rejectWithWords(client.connection, reject, openFailures.prohibited, `Sluice: ${words}`),
    };
    const channel: ForwardedChannel = new ForwardedChannel(context, forward, () => channels.delete(channel));
    channels.add(channel);
  });
  // Every channel listens for the session's end.
  setMaxListeners(maxSignalListeners, request.signal);
  client.connection.setMaxListeners(maxSignalListeners);
  client.admit();
  try {
    const end = await ends.first;
    if (end.words !== null) await client.end(end.words);
    return end.end;
  } finally {
    for (const channel of channels) channel.close();
    client.connection.end();
    client.stream.destroy();
    await context.close();
    await target.close();
  }
}

interface EndWithWords {
  readonly end: SessionEnd;
  /** What the client is told; null: nobody is there to hear it. */
  readonly words: WireRefusal | null;
}

/** Whichever comes first ends the session. */
class SessionEnds {
  readonly first: Promise<EndWithWords>;
  #settle: (end: EndWithWords) => void = () => undefined;

  constructor({ client, target, signal }: SshRelay) {
    this.first = new Promise((resolve) => {
      this.#settle = resolve;
    });
    whenAborted(signal, () => {
      const words = signal.reason as WireRefusal;
      this.#end('terminated', words.message, words);
    });
    whenAborted(target.gone, () => {
      const message = String(target.gone.reason);
      this.#end('target-gone', message, { reason: 'target', message, hint: 'Connect again.' });
    });
    client.connection.on('error', (error: Error & { readonly level?: string }) => {
      if (error.level === 'socket' || error.level === 'client-timeout') this.#gone();
      else this.violation(error.message);
    });
    let saidGoodbye = false;
    client.connection.once('end', () => {
      saidGoodbye = true;
      this.#end('clean', 'the client left', null);
    });
    client.connection.once('close', () => {
      if (!saidGoodbye) this.#gone();
    });
    client.stream.once('close', () => {
      if (!saidGoodbye) this.#gone();
    });
  }

  violation(what: string): void {
    const message = `Sluice ended the session: ${what}`;
    this.#end('protocol-violation', message, { reason: 'protocol', message, hint: '' });
  }

  #gone(): void {
    this.#end('client-gone', 'the client went away', null);
  }

  #end(reason: SessionEnd['reason'], message: string, words: WireRefusal | null): void {
    this.#settle({ end: { reason, message }, words });
  }
}

function whenAborted(signal: AbortSignal, action: () => void): void {
  if (signal.aborted) action();
  else signal.addEventListener('abort', action, { once: true });
}
