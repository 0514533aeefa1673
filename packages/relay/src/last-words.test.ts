import 'reflect-metadata';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import { X509CertificateGenerator } from '@peculiar/x509';
import { afterEach, expect, test } from 'vitest';
import { type LastWords, sayLastWords } from './last-words.ts';

const words = Buffer.from('the gateway is away');
const request = Buffer.from('TLS?');
const accept = Buffer.from('Y');
let close: () => void = () => undefined;
afterEach(() => close());

async function serve(last: LastWords, read = Buffer.alloc(0)): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    sayLastWords(socket, last, read);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  close = () => {
    client.destroy();
    server.close();
  };
  return client;
}

async function withTls(): Promise<{ readonly last: LastWords; readonly ca: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`;
  const ca = certificate.toString('pem');
  return { last: { words, tls: { request, accept, context: createSecureContext({ key: pem, cert: ca }) } }, ca };
}

function readAll(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('close', () => resolve(Buffer.concat(parts).toString()));
    socket.on('error', () => undefined);
  });
}

test('a client that asks for no TLS reads the words as they are', async () => {
  const { last } = await withTls();
  const client = await serve(last);
  client.write('HELLO');
  expect(await readAll(client)).toBe(words.toString());
});

test('a client that asks for TLS reads them inside it, after its first message', async () => {
  const { last, ca } = await withTls();
  const client = await serve(last);
  client.write(request);
  const answer = await new Promise<Buffer>((resolve) => client.once('data', resolve));
  expect(answer.toString()).toBe('Y');
  client.removeAllListeners('data');
  const secure = connectTls({ socket: client, ca, checkServerIdentity: () => undefined });
  secure.write('startup');
  expect(await readAll(secure)).toBe(words.toString());
});

test('bytes behind the request for TLS end the connection without a word', async () => {
  const { last } = await withTls();
  const client = await serve(last);
  client.write(Buffer.concat([request, Buffer.from('injected')]));
  expect(await readAll(client)).toBe('');
});

test('a request cut into single bytes is recognised', async () => {
  const { last } = await withTls();
  const client = await serve(last);
  client.setNoDelay(true);
  for (const byte of request) {
    client.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect((await new Promise<Buffer>((resolve) => client.once('data', resolve))).toString()).toBe('Y');
});

test('without a certificate the words go out at once', async () => {
  const client = await serve({ words, tls: null });
  expect(await readAll(client)).toBe(words.toString());
});

test('a request that was read before the gateway went away still counts', async () => {
  const { last } = await withTls();
  const client = await serve(last, request);
  expect((await new Promise<Buffer>((resolve) => client.once('data', resolve))).toString()).toBe('Y');
});
