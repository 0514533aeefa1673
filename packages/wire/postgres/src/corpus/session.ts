/** One session of the corpus client: log in, write, and collect everything until the answer is whole. */
import type { Duplex } from 'node:stream';
import { refusalDetailSchema, SluiceError, type TargetCredential } from '@sluice/domain';
import { announcesHold, jsonIn } from '../hold-notice.ts';
import { cancelMs, goodbyeMs, maxTargetMessageBytes } from '../limits.ts';
import { ByteSource, endStream, MessageChannel } from '../message-channel.ts';
import { backend, parseDataRow } from '../messages/backend.ts';
import { BodyReader } from '../messages/bytes.ts';
import { encodeCopyFail, encodeSync, encodeTerminate } from '../messages/frontend.ts';
import { parseReport, type ReportFields } from '../messages/report.ts';
import { cancelRequest, startupPacket } from '../messages/startup.ts';
import { logIn } from '../target-authentication.ts';
import type { TargetStream } from '../target-tls.ts';

/** Longest wait for the end of a session that may as well go on (ms). */
const settleMs = 1_500;

/** What one answer said, so far. */
export interface Heard {
  readonly received: Buffer[];
  refused: boolean;
  held: boolean;
  ended: boolean;
  error: { readonly code: string; readonly message: string } | null;
  firstValue: string | null;
}

export interface SessionSource {
  readonly openStream: () => Promise<TargetStream>;
  readonly credential: TargetCredential;
  readonly database: string | null;
  readonly answerMs: number;
}

export function nothingHeard(): Heard {
  return { received: [], refused: false, held: false, ended: false, error: null, firstValue: null };
}

export class CorpusSession {
  readonly #source: SessionSource;
  readonly #stream: Duplex;
  readonly #channel: MessageChannel;
  #key: { readonly processId: number; readonly key: Buffer } | null = null;
  #status = 'I';
  #open = true;

  private constructor(source: SessionSource, stream: Duplex) {
    this.#source = source;
    this.#stream = stream;
    this.#channel = new MessageChannel(new ByteSource(stream), maxTargetMessageBytes);
  }

  /** Logs in. A refusal of the startup itself ends the session and stands in `heard`. */
  static async open(
    source: SessionSource,
    startup: Readonly<Record<string, string>>,
    heard: Heard,
  ): Promise<CorpusSession> {
    const target = await source.openStream();
    const session = new CorpusSession(source, target.stream);
    const parameters = {
      user: source.credential.username,
      ...(source.database === null ? {} : { database: source.database }),
      application_name: 'sluice corpus',
      ...startup,
    };
    session.#channel.write(startupPacket(Object.entries(parameters)));
    await session.#within(heard, source.answerMs, async () => {
      await logIn(session.#channel, target, source.credential, true);
      await session.#readUntil(1, false, heard);
    });
    return session;
  }

  /** A stream on which nothing is logged in: the bytes are all it gets. */
  static async openRaw(source: SessionSource, bytes: Buffer, heard: Heard): Promise<CorpusSession> {
    const target = await source.openStream();
    const session = new CorpusSession(source, target.stream);
    session.#channel.write(bytes);
    await session.#within(heard, settleMs, async () => {
      for (let piece = await session.#channel.source.next(); piece !== null; ) {
        heard.received.push(piece);
        // One byte is the answer to a request for encryption (N or S): nothing follows by itself.
        piece = piece.length === 1 ? null : await session.#channel.source.next();
      }
    });
    return session;
  }

  get open(): boolean {
    return this.#open && !this.#stream.destroyed;
  }

  get inTransaction(): boolean {
    return this.#status !== 'I';
  }

  /** Writes and reads until `readies` messages ReadyForQuery came, or to the end of the session. */
  async exchange(
    bytes: Buffer,
    options: { readonly readies: number; readonly untilEnd?: boolean; readonly cut?: boolean },
    heard: Heard,
  ): Promise<void> {
    if (!this.open) return;
    await this.#within(heard, options.untilEnd === true ? settleMs : this.#source.answerMs, async () => {
      if (options.cut === true) await this.#writeCut(bytes);
      else this.#channel.write(bytes);
      await this.#readUntil(options.readies, options.untilEnd === true, heard);
    });
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.#open = false;
    this.#channel.detach();
    await endStream(this.#stream, encodeTerminate(), goodbyeMs);
  }

  /** The stream's own fault or silence for too long ends the session; it is what was heard, not an exception. */
  async #within(heard: Heard, limitMs: number, work: () => Promise<void>): Promise<void> {
    const timer = setTimeout(() => {
      if (limitMs !== settleMs) heard.error ??= { code: 'timeout', message: `no whole answer within ${limitMs} ms` };
      this.#stream.destroy();
    }, limitMs);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      heard.error ??= { code: /\((\w{5})\)$/.exec(error.message)?.[1] ?? error.code, message: error.message };
      heard.ended = true;
      this.#open = false;
      this.#stream.destroy();
    } finally {
      clearTimeout(timer);
    }
  }

  /** A write per byte, each in a turn of its own, so that nothing below joins them. */
  async #writeCut(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#stream.destroyed; at++) {
      if (!this.#stream.write(bytes.subarray(at, at + 1)))
        await new Promise<void>((resolve) => this.#stream.once('drain', resolve).once('close', resolve));
      else if (at % 16 === 15) await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async #readUntil(readies: number, untilEnd: boolean, heard: Heard): Promise<void> {
    let left = readies;
    while (untilEnd || left > 0) {
      const type = await this.#channel.next();
      const { buffer, start, end } = this.#channel.reader;
      heard.received.push(Buffer.from(buffer.subarray(start, end)));
      if (type === backend.readyForQuery) {
        left--;
        this.#status = String.fromCharCode(buffer[start + 5] ?? 0x49);
      } else if (type === backend.backendKeyData) this.#keepKey(buffer, start + 5, end);
      else if (type === backend.dataRow) this.#keepValue(buffer, start + 5, end, heard);
      else if (type === backend.error) this.#hearError(parseReport(buffer, start + 5, end), heard);
      else if (type === backend.notice) this.#hearNotice(parseReport(buffer, start + 5, end), heard);
      // In copy mode a Sync that was sent before is ignored: this one ends the batch.
      else if (type === backend.copyInResponse)
        this.#channel.write(Buffer.concat([encodeCopyFail('the corpus sends no rows'), encodeSync()]));
    }
  }

  #keepKey(buffer: Buffer, from: number, end: number): void {
    const body = new BodyReader(buffer, from, end);
    this.#key = { processId: body.uint32(), key: Buffer.from(body.bytes(body.left)) };
  }

  #keepValue(buffer: Buffer, from: number, end: number, heard: Heard): void {
    heard.firstValue ??= parseDataRow(buffer, from, end)[0]?.toString('utf8') ?? null;
  }

  #hearError(fields: ReportFields, heard: Heard): void {
    const detail = refusalIn(fields.get('D'));
    if (detail === 'approval-cancelled') heard.held = true;
    else if (detail !== null) heard.refused = true;
    if ((fields.get('V') ?? fields.get('S')) === 'FATAL') heard.ended = true;
    heard.error ??= { code: fields.get('C') ?? '', message: fields.get('M') ?? '' };
  }

  /** Nobody is waited for: a hold is given up as soon as it is announced. */
  #hearNotice(fields: ReportFields, heard: Heard): void {
    if (!announcesHold(fields)) return;
    heard.held = true;
    void this.#cancel();
  }

  async #cancel(): Promise<void> {
    if (this.#key === null) return;
    try {
      const { stream } = await this.#source.openStream();
      await endStream(stream, cancelRequest(this.#key.processId, this.#key.key), cancelMs);
    } catch {
      // The answer's own time limit ends the session then, which ends the hold as well.
    }
  }
}

function refusalIn(detail: string | undefined): string | null {
  const parsed = refusalDetailSchema.safeParse(jsonIn(detail));
  return parsed.success ? parsed.data.code : null;
}
