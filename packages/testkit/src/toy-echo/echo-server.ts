import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { LineStream } from './line-stream.ts';
import { cancelLine } from './target-side.ts';

/** A real TCP target that remembers every line it got. A line with `fail` is answered with an error that quotes it. */
export class EchoServer {
  readonly received: string[] = [];
  /** While set, lines are taken and not answered. */
  silent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => void this.#serve(socket));
  }

  static async start(): Promise<EchoServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return new EchoServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.dropConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(socket: Socket): Promise<void> {
    this.connections++;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const lines = new LineStream(socket);
    for (let line = await lines.next(); line !== null; line = await lines.next()) {
      if (line === cancelLine) continue;
      this.received.push(line);
      if (!this.silent) await lines.send(line.includes('fail') ? `!bad value "${line}"` : line);
    }
  }
}
