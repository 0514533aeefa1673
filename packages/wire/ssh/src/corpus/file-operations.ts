/** A form's file operations as SFTP packets, past every library: also what no library would send. */
import type { CorpusAnswer } from '@sluice/wire-kit';
import type { ClientChannel } from 'ssh2';
import { announcesWaiting, refusalIn } from '../errors.ts';
import {
  FieldReader,
  field,
  type Packet,
  PacketReader,
  packet,
  packetTypes,
  statusCodes,
  uint32,
  uint64,
} from '../sftp/packets.ts';
import { openFlags } from '../sftp/requests.ts';
import { plainAnswer } from './answers.ts';
import type { FileOperation } from './steps.ts';

const none = uint32(0);
const start = uint64(0n);
const maxRead = 32_768;

interface Reply {
  readonly type: number;
  readonly body: Packet;
}

/** Runs them in order until one does not run; everything that came back stands in the answer. */
export async function runFileOperations(
  channel: ClientChannel,
  operations: readonly FileOperation[],
  answerMs: number,
): Promise<CorpusAnswer> {
  const client = new BareSftp(channel, answerMs);
  try {
    for (const operation of operations) {
      const code = await client.run(operation);
      if (code !== statusCodes.ok) return client.answer(code);
    }
    return client.answer(statusCodes.ok);
  } finally {
    channel.close();
  }
}

class BareSftp {
  readonly #channel: ClientChannel;
  readonly #reader = new PacketReader();
  readonly #received: Buffer[] = [];
  readonly #answerMs: number;
  #errors = '';
  #id = 0;
  #waiting: ((reply: Reply | null) => void) | null = null;

  constructor(channel: ClientChannel, answerMs: number) {
    this.#channel = channel;
    this.#answerMs = answerMs;
    channel.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      for (const body of this.#reader.push(bytes)) this.#settle({ type: body[0] ?? 0, body });
    });
    channel.stderr.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      this.#errors += bytes.toString('utf8');
      if (announcesWaiting(this.#errors)) this.#settle(null);
    });
    channel.once('close', () => this.#settle(null));
  }

  answer(code: number): CorpusAnswer {
    const received = Buffer.concat(this.#received);
    const message = this.#errors.split('\n')[0] ?? '';
    if (code === statusCodes.ok) return { outcome: 'ran', code: '', message, received };
    if (announcesWaiting(this.#errors)) return { outcome: 'held', code: 'hold', message, received };
    const refusal = refusalIn(this.#errors)?.code ?? null;
    if (refusal !== null) return { outcome: 'refused', code: refusal, message, received };
    if (code === statusCodes.unsupported) return { outcome: 'refused', code: 'unsupported', message, received };
    return { ...plainAnswer('failed', `status ${code}`, message), received };
  }

  async run(operation: FileOperation): Promise<number> {
    if (this.#id === 0) await this.#ask(packet(packetTypes.init, uint32(3)), true);
    if ('put' in operation) return this.#put(operation);
    if ('get' in operation) return this.#get(operation.get);
    if ('list' in operation) return this.#list(operation.list);
    if ('copy' in operation) return this.#copy(operation.copy);
    if ('writeThroughReading' in operation) {
      const handle = await this.#open(operation.writeThroughReading, openFlags.read);
      if (typeof handle === 'number') return handle;
      return this.#status(packetTypes.write, field(handle), start, field(operation.text));
    }
    if ('rename' in operation) return this.#status(packetTypes.rename, ...operation.rename.map(field));
    if ('symlink' in operation) return this.#status(packetTypes.symlink, ...operation.symlink.map(field));
    if ('extended' in operation)
      return this.#status(packetTypes.extended, field(operation.extended), ...operation.paths.map(field));
    if ('mkdir' in operation) return this.#status(packetTypes.mkdir, field(operation.mkdir), none);
    if ('chmod' in operation)
      return this.#status(packetTypes.setstat, field(operation.chmod), uint32(4), uint32(operation.mode));
    if ('chown' in operation)
      return this.#status(
        packetTypes.setstat,
        field(operation.chown),
        uint32(2),
        uint32(operation.uid),
        uint32(operation.gid),
      );
    if ('remove' in operation) return this.#status(packetTypes.remove, field(operation.remove));
    if ('rmdir' in operation) return this.#status(packetTypes.rmdir, field(operation.rmdir));
    if ('stat' in operation) return this.#status(packetTypes.stat, field(operation.stat));
    return this.#status(operation.request, field(operation.path));
  }

  async #put({ put, text, mode }: Extract<FileOperation, { put: string }>): Promise<number> {
    const attributes = mode === undefined ? none : Buffer.concat([uint32(4), uint32(mode)]);
    const handle = await this.#open(put, openFlags.write | openFlags.create | openFlags.truncate, attributes);
    if (typeof handle === 'number') return handle;
    const code = await this.#status(packetTypes.write, field(handle), start, field(text));
    return code === statusCodes.ok ? this.#status(packetTypes.close, field(handle)) : code;
  }

  async #get(path: string): Promise<number> {
    const handle = await this.#open(path, openFlags.read);
    if (typeof handle === 'number') return handle;
    const code = await this.#status(packetTypes.read, field(handle), start, uint32(maxRead));
    return code === statusCodes.ok || code === statusCodes.eof ? this.#status(packetTypes.close, field(handle)) : code;
  }

  async #list(path: string): Promise<number> {
    const reply = await this.#request(packetTypes.opendir, field(path));
    const handle = handleOf(reply);
    if (typeof handle === 'number') return handle;
    return this.#status(packetTypes.readdir, field(handle));
  }

  async #copy([from, to]: readonly [string, string]): Promise<number> {
    const source = await this.#open(from, openFlags.read);
    if (typeof source === 'number') return source;
    const sink = await this.#open(to, openFlags.write | openFlags.create);
    if (typeof sink === 'number') return sink;
    return this.#status(packetTypes.extended, field('copy-data'), field(source), start, start, field(sink), start);
  }

  async #open(path: string, flags: number, attributes: Buffer = none): Promise<Buffer | number> {
    return handleOf(await this.#request(packetTypes.open, field(path), uint32(flags), attributes));
  }

  async #status(type: number, ...fields: readonly Buffer[]): Promise<number> {
    return codeOf(await this.#request(type, ...fields));
  }

  #request(type: number, ...fields: readonly Buffer[]): Promise<Reply | null> {
    return this.#ask(packet(type, uint32(this.#id), ...fields), false);
  }

  #ask(whole: Buffer, first: boolean): Promise<Reply | null> {
    if (!first) this.#id += 1;
    else this.#id = 1;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#settle(null), this.#answerMs);
      this.#waiting = (reply) => {
        clearTimeout(late);
        resolve(reply);
      };
      this.#channel.write(whole);
    });
  }

  #settle(reply: Reply | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(reply);
  }
}

function codeOf(reply: Reply | null): number {
  if (reply === null) return statusCodes.connectionLost;
  if (reply.type !== packetTypes.status) return statusCodes.ok;
  return new FieldReader(reply.body.subarray(5)).uint32();
}

function handleOf(reply: Reply | null): Buffer | number {
  if (reply?.type !== packetTypes.handle) return codeOf(reply);
  return new FieldReader(reply.body.subarray(5)).bytes();
}
