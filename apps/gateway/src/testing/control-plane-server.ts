/** A small real HTTP server in the control plane's place: verifies every signature, answers what a test tells it to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateSigningKeys, type SigningKeys, verifyRequest } from '@sluice/keys';

const gatewayId = 'gateway-1';

export interface Received {
  readonly method: string;
  /** Path with its query. */
  readonly path: string;
  readonly body: Buffer;
  /** The key's owner, or why the signature was refused; null: not signed. */
  readonly signedBy: string | null;
}

/** Status and a JSON value, or raw bytes; `hang` never answers, `cut` ends in the middle of an answer. */
export type Reply =
  | { readonly status: number; readonly json?: unknown; readonly raw?: string | Buffer }
  | 'hang'
  | 'cut';

export class ControlPlaneServer {
  readonly keys: SigningKeys = generateSigningKeys();
  readonly gatewayId = gatewayId;
  readonly received: Received[] = [];
  /** Decides each answer; a thrown error is a 500. */
  reply: (request: Received) => Reply | Promise<Reply> = () => ({ status: 200, json: {} });
  readonly #nonces = new Set<string>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<ControlPlaneServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return new ControlPlaneServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  bodyOf(index: number): unknown {
    return JSON.parse(this.received[index]?.body.toString('utf8') ?? 'null');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const method = request.method ?? '';
    const path = request.url ?? '';
    const body = Buffer.concat(parts);
    const received = { method, path, body, signedBy: await this.#signer(request, method, path, body) };
    this.received.push(received);
    let reply: Reply;
    try {
      reply = await this.reply(received);
    } catch {
      reply = { status: 500 };
    }
    if (reply === 'hang') return;
    if (reply === 'cut') {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"half":', () => response.destroy());
      return;
    }
    response.writeHead(reply.status);
    response.end(reply.raw ?? (reply.json === undefined ? '' : JSON.stringify(reply.json)));
  }

  async #signer(request: IncomingMessage, method: string, path: string, body: Buffer): Promise<string | null> {
    if (request.headers.signature === undefined) return null;
    try {
      const { keyId } = await verifyRequest({
        method,
        url: `${this.url}${path}`,
        headers: request.headers,
        body: body.length === 0 ? null : body,
        publicKeyOf: (asked) => (asked === gatewayId ? this.keys.publicKey : null),
        now: Date.now(),
        seenNonce: (keyId, nonce) => {
          const seen = this.#nonces.has(`${keyId} ${nonce}`);
          this.#nonces.add(`${keyId} ${nonce}`);
          return seen;
        },
      });
      return keyId;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
