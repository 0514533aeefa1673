/** A client whose plain side is lines: `RUN text` runs a command in a channel of its own, one after the other; for the conformance suite. */
import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { Client } from '../ssh2-library.ts';
import { LaterWrites } from './later-writes.ts';

const notSsh = Buffer.alloc(65_536, 0xff);

export class PlainClient extends Duplex {
  readonly #stream: Duplex;
  readonly #client = new Client();
  readonly #ready: Promise<void>;
  #unread = '';
  #drained: () => void = () => undefined;
  #over = false;

  constructor(stream: Duplex) {
    super({ allowHalfOpen: true });
    this.#stream = new LaterWrites(stream);
    this.#ready = new Promise((resolve) => {
      this.#client.once('ready', () => {
        this.push('READY\n');
        resolve();
      });
    });
    this.#client.on('error', (error: Error) => this.#leave(`GONE ${error.message}\n`));
    this.#client.once('close', () => this.#leave(''));
    stream.once('close', () => this.#leave(''));
    this.#client.connect({ sock: this.#stream as never, username: 'me', password: 'secret' });
  }

  override _read(): void {
    this.#drained();
  }

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#unread += bytes.toString('utf8');
    const lines = this.#unread.split('\n');
    this.#unread = lines.pop() ?? '';
    void this.#ready.then(async () => {
      for (const line of lines) await this.#take(line);
      done();
    });
  }

  override _final(done: () => void): void {
    this.#client.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.destroy();
    done(error);
  }

  async #take(line: string): Promise<void> {
    if (this.#over) return;
    if (line.startsWith('RUN ')) await this.#run(line.slice('RUN '.length));
    else if (line === 'OVERSIZE') this.#stream.write(notSsh);
    else this.#client.end();
  }

  async #run(text: string): Promise<void> {
    const channel = await new Promise<ClientChannel | null>((resolve) => {
      this.once('over', () => resolve(null));
      this.#client.exec(text, (error, opened) => resolve(error === undefined ? opened : null));
    });
    if (channel === null) return;
    await new Promise<void>((resolve) => {
      this.once('over', resolve);
      channel.on('data', (bytes: Buffer) => {
        if (this.push(bytes)) return;
        channel.pause();
        this.#drained = () => channel.resume();
      });
      channel.stderr.on('data', (bytes: Buffer) => this.push(bytes));
      channel.once('close', (code?: number | null) => {
        this.push(`EXIT ${code ?? ''}\n`);
        resolve();
      });
    });
    this.removeAllListeners('over');
  }

  #leave(words: string): void {
    if (this.#over) return;
    this.#over = true;
    this.emit('over');
    if (words !== '') this.push(words);
    this.push(null);
  }
}
