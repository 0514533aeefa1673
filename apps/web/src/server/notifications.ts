import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ApiServices,
  answerSlack,
  deliver,
  dispatchOutbox,
  maxSlackBodyBytes,
  nodeNoticeSchema,
  type OutboxServices,
  recoverDeliveries,
  watchForEvents,
} from '@sluice/api';
import { type AddressGuard, addressGuard, type Queue, startQueue } from '@sluice/jobs';
import type { Logger } from 'pino';
import { z } from 'zod';
import { sendJson } from './http/problem.ts';
import { readBody } from './http/read-body.ts';

const deliverySchema = z.object({ id: z.string() });

export interface NotificationsOptions {
  readonly services: ApiServices;
  readonly databaseUrl: string;
  /** Private addresses and subnets that channels may lead to. */
  readonly allowedAddresses: readonly string[];
  readonly log: Logger;
}

/** The node's part in telling people: works on the queue, and takes what Slack sends back. */
export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #mayAsk: AddressGuard;
  #queue: Queue | null = null;
  #stopListening: () => void = () => undefined;

  constructor(options: NotificationsOptions) {
    this.#options = options;
    this.#mayAsk = addressGuard(options.allowedAddresses);
  }

  async start(): Promise<void> {
    const { services, databaseUrl, log } = this.#options;
    const outbox: OutboxServices = {
      ...services,
      mayAsk: this.#mayAsk,
      queue: async (id, runAt) => {
        // A key of its own for each time: a job that died with its node must not stand in the way of the next.
        const key = `deliver ${id} ${runAt?.getTime() ?? 'now'}`;
        await this.#queue?.add('deliver', { id }, runAt === null ? { key } : { key, runAt });
      },
    };
    this.#queue = await startQueue({
      databaseUrl,
      tasks: {
        'dispatch-outbox': async () => {
          await dispatchOutbox(outbox, new Date());
          await recoverDeliveries(outbox, new Date());
        },
        deliver: async (payload) => deliver(outbox, deliverySchema.parse(payload).id, new Date()),
        watch: () => watchForEvents(services.database, new Date()),
      },
      everyMinute: ['dispatch-outbox', 'watch'],
      log: (level, message) => log[level]({ message }, 'the queue'),
    });
    const wake = () => {
      this.#queue?.add('dispatch-outbox', {}, { key: 'dispatch-outbox' }).catch((error: unknown) => {
        // The same is done every minute without being asked.
        log.warn({ err: error }, 'the outbox could not be woken');
      });
    };
    this.#stopListening = services.bus.subscribe('sluice_notice', (payload) => {
      if (nodeNoticeSchema.safeParse(payload).data?.type === 'outbox') wake();
    });
    wake();
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.#queue?.close();
  }

  /** POST /api/slack: what people press in Slack, and the command that links them. */
  async slack(request: IncomingMessage, response: ServerResponse, address: string): Promise<void> {
    const body = (await readBody(request, maxSlackBodyBytes)).toString('utf8');
    const answer = await answerSlack(
      {
        body,
        timestamp: header(request, 'x-slack-request-timestamp'),
        signature: header(request, 'x-slack-signature'),
        address,
      },
      { services: this.#options.services, mayAsk: this.#mayAsk, now: new Date() },
    );
    sendJson(response, 200, answer);
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
