/** Extended-protocol messages sent in one write, as a pipelining driver does. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Stack } from './stack.ts';

/** Parses, binds and executes every text behind the first, then one Sync. Answers the SQLSTATE of the first error, or null. */
export async function pipelined(
  stack: Stack,
  who: string,
  name: string,
  texts: readonly string[],
): Promise<{ readonly error: string | null; readonly tags: string[] }> {
  const connection = stack.connection(name);
  const socket = connect(connection.port, connection.host);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
  await new Promise<void>((resolve, reject) =>
    socket.once('data', (data) => (data.toString() === 'S' ? resolve() : reject(new Error('no TLS')))),
  );
  const secure = connectTls({ socket, ca: readFileSync(connection.caFile, 'utf8'), servername: 'localhost' });
  await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
  const tags: string[] = [];
  let error: string | null = null;
  let pending = Buffer.alloc(0);
  let readies = 0;
  const done = new Promise<void>((resolve, reject) => {
    secure.on('close', resolve);
    secure.on('error', reject);
    secure.on('data', (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      while (pending.length >= 5 && pending.length >= 1 + pending.readUInt32BE(1)) {
        const size = 1 + pending.readUInt32BE(1);
        const type = String.fromCharCode(pending[0] ?? 0);
        const body = pending.subarray(5, size);
        pending = pending.subarray(size);
        if (type === 'R' && body.readUInt32BE(0) === 3) secure.write(message('p', `${stack.who(who).nativeSecret}\0`));
        if (type === 'C') tags.push(body.toString('utf8', 0, body.length - 1));
        if (type === 'E') error ??= /\0C([0-9A-Z]{5})\0/.exec(`\0${body.toString('latin1')}`)?.[1] ?? 'unknown';
        if (type === 'Z' && ++readies === 1) {
          secure.write(
            Buffer.concat([
              ...texts.flatMap((text) => [
                message('P', `\0${text}\0\0\0`),
                message('B', '\0\0\0\0\0\0\0\0'),
                message('E', '\0\0\0\0\0'),
              ]),
              message('S', ''),
            ]),
          );
        } else if (type === 'Z') secure.end(message('X', ''));
      }
    });
  });
  const parameters = `user\0${who}\0database\0${connection.database}\0\0`;
  const startup = Buffer.alloc(8 + parameters.length);
  startup.writeUInt32BE(startup.length, 0);
  startup.writeUInt32BE(196_608, 4);
  startup.write(parameters, 8);
  secure.write(startup);
  await done;
  return { error, tags };
}

function message(type: string, body: string): Buffer {
  const bytes = Buffer.from(body, 'utf8');
  const out = Buffer.alloc(5 + bytes.length);
  out.write(type, 0, 'latin1');
  out.writeUInt32BE(4 + bytes.length, 1);
  bytes.copy(out, 5);
  return out;
}
