import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiServices } from '@sluice/api';
import { isId, SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { StatementError } from '@sluice/protocols/terminals';
import type { TunnelRegistry } from '@sluice/relay';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { authenticate, type CallerOptions } from '../http/callers.ts';
import { toFault } from '../http/problem.ts';
import { maxInputBytes, terminalSizeSchema } from './messages.ts';
import { openTerminalSession } from './open-session.ts';
import { TerminalSocket } from './terminal-socket.ts';

export const webTerminalPrefix = '/api/terminal/';
/** Terminals of one node, and of one person. */
const maxTerminals = 512;
const maxOfPerson = 8;
/** The person of an open terminal is looked up again this often, in ms; a change to identities is heard of at once. */
const lookAgainMs = 15_000;

const signedOutWords = 'You were signed out.';
const liveSchema = z.object({ topic: z.string() });
const numberText = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number);
const sizeTextSchema = z.object({ columns: numberText, rows: numberText }).pipe(terminalSizeSchema);

export interface WebTerminalsOptions {
  readonly services: ApiServices;
  readonly callers: CallerOptions;
  readonly registry: TunnelRegistry;
  readonly log: Logger;
}

interface Opening {
  readonly request: IncomingMessage;
  readonly connectionId: string;
  readonly size: z.infer<typeof terminalSizeSchema>;
  readonly caller: Caller;
  /** What the browser calls itself. */
  readonly software: string | null;
  /** The browser's address, without and with its port. */
  readonly address: string;
  readonly clientAddress: string;
}

/** Terminals in browsers: each page's WebSocket is one session, opened as any client opens one, and judged and recorded as any is. */
export class WebTerminals {
  readonly #options: WebTerminalsOptions;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxInputBytes });
  /** Whose they are. */
  readonly #open = new Map<TerminalSocket, string>();

  constructor(options: WebTerminalsOptions) {
    this.#options = options;
  }

  /** Takes an upgrade request of a page of Sluice's own whose person is signed in. Throws SluiceError before anything was answered. */
  async upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    addresses: { readonly address: string; readonly clientAddress: string },
  ): Promise<void> {
    demandOwnPage(request, this.#options.callers.publicUrl);
    const url = new URL(request.url ?? '/', 'http://node');
    const connectionId = url.pathname.slice(webTerminalPrefix.length);
    const size = sizeTextSchema.safeParse(Object.fromEntries(url.searchParams));
    if (!isId(connectionId) || !size.success)
      throw new SluiceError('bad-request', 'The address names no terminal.', { audience: 'person' });
    const { caller, refusal, software } = await authenticate(request, addresses.address, this.#options.callers);
    if (caller === null) throw refusal ?? new SluiceError('unauthenticated', 'Nobody is signed in.');
    this.#demandRoom(caller);
    const opening = { request, connectionId, size: size.data, caller, software, ...addresses };
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => void this.#serve(webSocket, opening));
  }

  /** Ends every terminal. */
  close(): void {
    for (const terminal of this.#open.keys())
      terminal.end({ type: 'ended', exitCode: null, message: 'Sluice restarts.' });
    this.#sockets.close();
  }

  #demandRoom(caller: Caller): void {
    const ofPerson = [...this.#open.values()].filter((id) => id === caller.actor.id).length;
    if (this.#open.size < maxTerminals && ofPerson < maxOfPerson) return;
    throw new SluiceError('too-many', 'Too many terminals are open.', { hint: 'Close one first.', audience: 'person' });
  }

  async #serve(webSocket: WebSocket, opening: Opening): Promise<void> {
    const { registry, log } = this.#options;
    const terminal = new TerminalSocket(webSocket);
    this.#open.set(terminal, opening.caller.actor.id);
    const stopWatching = this.#watch(terminal, opening);
    terminal.signal.addEventListener('abort', () => {
      stopWatching();
      this.#open.delete(terminal);
    });
    try {
      const { connectionId, clientAddress, size } = opening;
      const context = this.#contextOf(opening);
      const { signal } = terminal;
      await terminal.join(await openTerminalSession({ context, registry, connectionId, clientAddress, size, signal }));
    } catch (error) {
      const { message, hint } = wordsOf(error);
      log.info({ err: error, connectionId: opening.connectionId }, 'a web terminal was not opened');
      terminal.end({ type: 'refused', message, hint });
    }
  }

  #contextOf({ caller, address, software }: Opening) {
    const { services } = this.#options;
    return { services, caller, refusal: null, address, software };
  }

  /** Somebody who is disabled or signs out loses the terminal here too; the gateway ends the session by itself. */
  #watch(terminal: TerminalSocket, { request, address, caller }: Opening): () => void {
    const lookAgain = () => {
      authenticate(request, address, this.#options.callers).then(
        (again) => {
          if (again.caller?.actor.id === caller.actor.id) return;
          terminal.end({ type: 'ended', exitCode: null, message: signedOutWords });
        },
        // Postgres is away: the gateway, whose lease runs out, is the judge then.
        () => undefined,
      );
    };
    const stop = this.#options.services.bus.subscribe('sluice_live', (payload) => {
      if (liveSchema.safeParse(payload).data?.topic === 'identities') lookAgain();
    });
    const timer = setInterval(lookAgain, lookAgainMs);
    return () => {
      stop();
      clearInterval(timer);
    };
  }
}

/** Browsers send cookies along for any page that opens a WebSocket: only one of Sluice's own pages may (RFC 6455, 10.2). */
function demandOwnPage(request: IncomingMessage, publicUrl: string): void {
  if (request.headers.authorization !== undefined)
    throw new SluiceError('forbidden', 'A web terminal is for a browser; programs use `sluice connect`.');
  if (request.headers.origin !== new URL(publicUrl).origin)
    throw new SluiceError('forbidden', 'The request does not come from a page of Sluice.');
}

function wordsOf(error: unknown): { readonly message: string; readonly hint: string | null } {
  if (error instanceof StatementError) return { message: error.message, hint: error.hint };
  const { message, hint } = toFault(error);
  return { message, hint: hint ?? null };
}
