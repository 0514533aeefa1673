import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveEvent, Permission } from '@sluice/api';
import { hasPermission } from '@sluice/api';
import type { Bus } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { z } from 'zod';
import { authenticate, type CallerOptions } from './http/callers.ts';
import { sendProblem } from './http/problem.ts';

/** A comment this often, in ms, keeps proxies from closing a quiet stream; the caller is looked up again then. */
const heartbeatMs = 15_000;
/** How long the browser waits before it comes back, in ms. */
const reconnectMs = 1_000;
/** Streams of one node. */
const maxStreams = 2_000;
/** A page that does not read is let go; it comes back and refreshes everything. Bytes. */
const maxBufferedBytes = 64 * 1024;

const topics = [
  'approvals',
  'sessions',
  'connections',
  'gateways',
  'policies',
  'identities',
  'access',
  'audit',
] as const;
const liveEventSchema = z.object({ topic: z.enum(topics), id: z.string().nullable() });

/** Without any of `some`, nothing of a topic is told; without `all`, that something changed but not what. */
const needed: Readonly<Record<LiveEvent['topic'], { readonly some: Permission; readonly all: Permission }>> = {
  approvals: { some: 'approvals.read.own', all: 'approvals.read' },
  sessions: { some: 'sessions.read.own', all: 'sessions.read' },
  connections: { some: 'connections.read', all: 'connections.read' },
  gateways: { some: 'connections.read', all: 'gateways.read' },
  policies: { some: 'policies.read', all: 'policies.read' },
  identities: { some: 'identities.read.own', all: 'identities.read' },
  access: { some: 'connections.read', all: 'access.read' },
  audit: { some: 'audit.read', all: 'audit.read' },
};

/** The live channel: server-sent events that say which lists to refresh. */
export class LiveStreams {
  readonly #bus: Bus;
  readonly #options: CallerOptions;
  readonly #open = new Set<ServerResponse>();

  constructor(bus: Bus, options: CallerOptions) {
    this.#bus = bus;
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { caller, refusal } = await authenticate(request, this.#options);
    if (caller === null) {
      sendProblem(
        response,
        refusal ?? new SluiceError('unauthenticated', 'Nobody is signed in.', { hint: 'Sign in.' }),
      );
      return;
    }
    if (this.#open.size >= maxStreams) {
      sendProblem(
        response,
        new SluiceError('too-many', 'This node serves too many live pages.', { hint: 'Try again.' }),
      );
      return;
    }
    this.#stream(request, response, caller);
  }

  /** Ends every stream; pages come back to another node. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #stream(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${reconnectMs}\n\n`);
    const write = (text: string): void => {
      if (response.writableLength > maxBufferedBytes) response.destroy();
      else response.write(text);
    };
    const send = (event: LiveEvent): void => write(`data: ${JSON.stringify(event)}\n\n`);
    const stops = [
      this.#bus.subscribe('sluice_live', (payload) => {
        const event = visibleEvent(payload, caller);
        if (event !== null) send(event);
      }),
      this.#bus.onGap(() => {
        for (const topic of topics) send({ topic, id: null });
      }),
    ];
    const timer = setInterval(() => {
      write(': alive\n\n');
      authenticate(request, this.#options).then(
        (again) => again.caller === null && response.end(),
        () => undefined,
      );
    }, heartbeatMs);
    this.#open.add(response);
    response.once('close', () => {
      clearInterval(timer);
      for (const stop of stops) stop();
      this.#open.delete(response);
    });
  }
}

function visibleEvent(payload: unknown, caller: Caller): LiveEvent | null {
  const parsed = liveEventSchema.safeParse(payload);
  if (!parsed.success) return null;
  const { some, all } = needed[parsed.data.topic];
  const { role } = caller.actor;
  if (!hasPermission(role, some)) return null;
  return hasPermission(role, all) ? parsed.data : { topic: parsed.data.topic, id: null };
}
