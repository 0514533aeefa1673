import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveEvent } from '@sluice/api';
import type { Bus } from '@sluice/database';
import type { Permission } from '@sluice/domain';
import { can, canSomewhere, SluiceError } from '@sluice/domain';
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
  'runs',
  'notifications',
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
  runs: { some: 'sessions.read.own', all: 'sessions.read' },
  notifications: { some: 'notifications.write', all: 'notifications.write' },
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

  async handle(request: IncomingMessage, response: ServerResponse, address: string): Promise<void> {
    const { caller, refusal } = await authenticate(request, address, this.#options);
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
    this.#stream(request, response, address, caller);
  }

  /** Ends every stream; pages come back to another node. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #stream(request: IncomingMessage, response: ServerResponse, address: string, first: Caller): void {
    let caller = first;
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
    // A page of somebody who was disabled ends at once, and what is told of follows what its person may.
    const lookAgain = (): void => {
      authenticate(request, address, this.#options).then(
        (again) => {
          if (again.caller === null) response.end();
          else caller = again.caller;
        },
        () => undefined,
      );
    };
    const stops = [
      this.#bus.subscribe('sluice_live', (payload) => {
        if (liveEventSchema.safeParse(payload).data?.topic === 'identities') lookAgain();
        const event = visibleEvent(payload, caller);
        if (event !== null) send(event);
      }),
      this.#bus.onGap(() => {
        for (const topic of topics) send({ topic, id: null });
      }),
    ];
    const timer = setInterval(() => {
      write(': alive\n\n');
      lookAgain();
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
  if (!canSomewhere(caller.rights, some)) return null;
  return can(caller.rights, all, null).yes ? parsed.data : { topic: parsed.data.topic, id: null };
}
