/** Client towards the target: TLS, login, start-up reports, cancel; and plain queries for the gateway's own constant texts. */
import type { Duplex } from 'node:stream';
import { SluiceError } from '@sluice/domain';
import type { DialRequest, WireTarget } from '@sluice/wire-kit';
import {
  cancelMs,
  goodbyeMs,
  maxApplicationNameBytes,
  maxControlMessageBytes,
  maxHandshakeMessageBytes,
} from './limits.ts';
import { ByteSource, endStream, MessageChannel } from './message-channel.ts';
import {
  backend,
  parseCommandTag,
  parseDataRow,
  parseParameterStatus,
  parseRowDescription,
  type RowColumn,
} from './messages/backend.ts';
import { BodyReader, violation } from './messages/bytes.ts';
import {
  encodeBindValues,
  encodeDescribePortal,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
  encodeTerminate,
  type ParameterValue,
} from './messages/frontend.ts';
import { parseReport } from './messages/report.ts';
import { cancelRequest, startupPacket } from './messages/startup.ts';
import { logIn, targetError } from './target-authentication.ts';
import { secureTarget } from './target-tls.ts';

interface BackendKey {
  readonly processId: number;
  readonly key: Buffer;
}

/** The values of one result as text; null: SQL NULL. */
export type TextRows = readonly (readonly (string | null)[])[];

export interface AskedRows {
  readonly columns: readonly RowColumn[];
  readonly rows: TextRows;
  /** The completion word. */
  readonly tag: string | null;
}
interface Asked extends Partial<Mutable<AskedRows>> {
  readonly encoding?: 'utf8' | 'base64';
}
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export class PostgresTarget implements WireTarget {
  readonly stream: Duplex;
  /** What the target reported of itself: server_version, client_encoding … */
  readonly parameters: Map<string, string>;
  readonly #request: DialRequest;
  readonly #key: BackendKey | null;
  #channel: MessageChannel | null;

  constructor(
    request: DialRequest,
    stream: Duplex,
    channel: MessageChannel,
    parameters: Map<string, string>,
    key: BackendKey | null,
  ) {
    this.stream = stream;
    this.parameters = parameters;
    this.#request = request;
    this.#key = key;
    this.#channel = channel;
    if (key === null) return;
    const forget = request.noteSession(String(key.processId));
    if (stream.destroyed) forget();
    else stream.once('close', forget);
  }

  /**
   * Runs one of the gateway's own constant texts on an otherwise idle session and returns its rows as text, the last result's
   * when there are several. Not usable once the relay took the stream. Throws SluiceError with what the target said.
   */
  async query(text: string): Promise<TextRows> {
    return this.#rows([encodeQuery(text)]);
  }

  /** Like `query`, by the extended protocol with bound values: the text stays constant whatever is asked about. One statement. */
  async ask(text: string, values: readonly ParameterValue[]): Promise<TextRows> {
    const types = values.map(({ type }) => type);
    return this.#rows([encodeParse('', text, types), encodeBindValues(values), encodeExecute(''), encodeSync()]);
  }

  /**
   * Like `query` of each, in one write: many short questions cost one way there and back. All are answered before it throws what the
   * target said of the first that failed.
   */
  async queryAll(texts: readonly string[]): Promise<readonly TextRows[]> {
    const channel = this.#open();
    channel.write(Buffer.concat(texts.map(encodeQuery)));
    const answers: TextRows[] = [];
    let fault: Error | null = null;
    for (const _ of texts) {
      try {
        answers.push(await this.#answer(channel));
      } catch (error) {
        // Nothing more comes from a session that is gone.
        if (channel.source.stream.destroyed) throw error;
        fault ??= error instanceof Error ? error : new Error('the target’s answer could not be read');
      }
    }
    if (fault !== null) throw fault;
    return answers;
  }

  #open(): MessageChannel {
    if (this.#channel === null) throw new Error('the relay owns this stream');
    return this.#channel;
  }

  /** Like `ask`, with every value in its binary form, as base64: exact, whatever the session's settings. */
  async askBinary(text: string, values: readonly ParameterValue[]): Promise<TextRows> {
    const types = values.map(({ type }) => type);
    return this.#rows(
      [encodeParse('', text, types), encodeBindValues(values, { binary: true }), encodeExecute(''), encodeSync()],
      { encoding: 'base64' },
    );
  }

  /** Like `ask`, with the result's columns and completion word, and at most `most` rows; the word is null when there were more. */
  async askRows(text: string, values: readonly ParameterValue[], most: number): Promise<AskedRows> {
    const types = values.map(({ type }) => type);
    const asked: Mutable<AskedRows> = { columns: [], rows: [], tag: null };
    asked.rows = await this.#rows(
      [
        encodeParse('', text, types),
        encodeBindValues(values),
        encodeDescribePortal(''),
        encodeExecute('', most),
        encodeSync(),
      ],
      asked,
    );
    return asked;
  }

  async #rows(messages: readonly Buffer[], asked: Asked = {}): Promise<TextRows> {
    const channel = this.#open();
    channel.write(Buffer.concat(messages));
    return this.#answer(channel, asked);
  }

  async #answer(channel: MessageChannel, asked: Asked = {}): Promise<TextRows> {
    let rows: (string | null)[][] = [];
    let fault: SluiceError | null = null;
    for (;;) {
      const type = await channel.next();
      const { buffer, start, end } = channel.reader;
      if (type === backend.rowDescription) {
        rows = [];
        asked.columns = parseRowDescription(buffer, start + 5, end);
      } else if (type === backend.commandComplete) asked.tag = parseCommandTag(buffer, start + 5, end);
      else if (type === backend.dataRow)
        rows.push(
          parseDataRow(buffer, start + 5, end).map((value) => value?.toString(asked.encoding ?? 'utf8') ?? null),
        );
      else if (type === backend.error) fault ??= targetError(parseReport(buffer, start + 5, end));
      else if (type === backend.parameterStatus) this.#report(parseParameterStatus(buffer, start + 5, end));
      else if (type === backend.readyForQuery) break;
    }
    if (fault !== null) throw fault;
    return rows;
  }

  /** Hands the stream to the relay; returns the bytes that were read and not used. */
  takeStream(): Buffer {
    const rest = this.#channel?.detach() ?? Buffer.alloc(0);
    this.#channel = null;
    return rest;
  }

  async cancel(): Promise<void> {
    if (this.#key === null) return;
    try {
      const plain = await this.#request.connect(AbortSignal.timeout(cancelMs));
      plain.on('error', ignore);
      const { stream } = await secureTarget(plain, this.#request.address);
      // The server answers by closing; waiting for it keeps the order "cancelled, then said so".
      await endStream(stream, cancelRequest(this.#key.processId, this.#key.key), cancelMs);
    } catch {
      // A cancel that does not arrive changes nothing: the statement goes on and its result stays the truth.
    }
  }

  async close(): Promise<void> {
    this.#channel?.detach();
    this.#channel = null;
    await endStream(this.stream, encodeTerminate(), goodbyeMs);
  }

  #report({ name, value }: { name: string; value: string }): void {
    this.parameters.set(name, value);
  }
}

/** Opens a session at the target. Throws SluiceError `target-unreachable`, `target-tls`, `target-auth`, `wrong-database`. */
export async function dialTarget(request: DialRequest): Promise<PostgresTarget> {
  const plain = await openStream(request);
  const onAbort = (): void => {
    plain.destroy();
  };
  request.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await startSession(request, plain);
  } catch (error) {
    plain.destroy();
    if (request.signal.aborted)
      throw new SluiceError('timed-out', 'the target did not answer in time', { cause: error });
    if (error instanceof SluiceError && error.code !== 'unavailable' && error.code !== 'protocol-violation')
      throw error;
    throw new SluiceError(
      'target-unreachable',
      `the target broke the start-up off: ${error instanceof Error ? error.message : 'unknown'}`,
      {
        hint: 'Check that a PostgreSQL server listens at the address, and see its log.',
        cause: error,
      },
    );
  } finally {
    request.signal.removeEventListener('abort', onAbort);
  }
}

export async function openStream(request: DialRequest): Promise<Duplex> {
  try {
    const stream = await request.connect(request.signal);
    stream.on('error', ignore);
    return stream;
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError(
      'target-unreachable',
      `the target cannot be reached: ${error instanceof Error ? error.message : 'unknown'}`,
      {
        hint: 'Check the connection’s host and port, and that the gateway may reach them.',
        cause: error,
      },
    );
  }
}

async function startSession(request: DialRequest, plain: Duplex): Promise<PostgresTarget> {
  const target = await secureTarget(plain, request.address);
  target.stream.on('error', ignore);
  const credential = request.credential.reveal();
  const channel = new MessageChannel(new ByteSource(target.stream), maxHandshakeMessageBytes);
  channel.write(startupPacket(startupParameters(request, credential.username)));
  await logIn(channel, target, credential, request.allowWeakAuthentication);
  const parameters = new Map<string, string>();
  let key: BackendKey | null = null;
  for (;;) {
    const type = await channel.next();
    const { buffer, start, end } = channel.reader;
    if (type === backend.parameterStatus) {
      const { name, value } = parseParameterStatus(buffer, start + 5, end);
      parameters.set(name, value);
    } else if (type === backend.backendKeyData) {
      const body = new BodyReader(buffer, start + 5, end);
      key = { processId: body.uint32(), key: Buffer.from(body.bytes(body.left)) };
    } else if (type === backend.error) {
      throw targetError(parseReport(buffer, start + 5, end));
    } else if (type === backend.readyForQuery) {
      break;
    } else if (type !== backend.notice) {
      throw violation('an unknown message during the start-up');
    }
  }
  // Results of the gateway's own queries may be longer than a handshake's messages.
  const roomy = new MessageChannel(channel.source, maxControlMessageBytes);
  roomy.reader.push(channel.reader.takeRest());
  return new PostgresTarget(request, target.stream, roomy, parameters, key);
}

/** UTF-8 always, whatever the client's locale: it is what Sluice reads and masks. */
function startupParameters(request: DialRequest, username: string): Map<string, string> {
  const database = request.options.database;
  const parameters = new Map([
    ['user', username],
    ['database', typeof database === 'string' && database !== '' ? database : username],
    ['client_encoding', 'UTF8'],
    ['application_name', applicationName(request.startup.application_name ?? '', request.actorLabel)],
  ]);
  // RESET, RESET ALL and DISCARD ALL go back to what the startup packet said, not to the role's or the server's default.
  if (request.readOnly) parameters.set('default_transaction_read_only', 'on');
  return parameters;
}

/** `psql [sluice coding-agent for engineer]`, in printable ASCII and at most 63 bytes: the actor stays whole, the client's word is cut. */
export function applicationName(clientName: string, actorLabel: string): string {
  const safe = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
  const actor = `[${safe(`sluice ${actorLabel}`)}]`.slice(0, maxApplicationNameBytes);
  const room = maxApplicationNameBytes - actor.length - 1;
  const name = room > 0 ? safe(clientName).slice(0, room) : '';
  return name === '' ? actor : `${name} ${actor}`;
}

function ignore(): void {}
