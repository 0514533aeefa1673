import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Two ends of a real TCP connection on this machine. */
export async function socketPair(): Promise<{ readonly client: Socket; readonly server: Socket }> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()));
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve));
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  const server = await accepted;
  server.on('error', () => undefined);
  listener.close();
  return { client, server };
}
