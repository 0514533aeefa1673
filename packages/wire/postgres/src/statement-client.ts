/** A small PostgreSQL client of Sluice's own (simple query protocol): for `sluice exec` and tests, over an ordinary byte stream. */
import { type Secret, SluiceError } from '@sluice/domain';
import { type OpenStatementClient, type StatementClient, StatementError, type StatementResult } from '@sluice/wire-kit';
import { announcesHold } from './hold-notice.ts';
import { goodbyeMs, maxStatementClientBytes, maxStatementClientRows, maxTargetMessageBytes } from './limits.ts';
import { ByteSource, endStream, MessageChannel } from './message-channel.ts';
import { backend, parseCommandTag, parseDataRow, parseRowDescription } from './messages/backend.ts';
import { BodyReader } from './messages/bytes.ts';
import { encodeCopyFail, encodePassword, encodeQuery, encodeTerminate } from './messages/frontend.ts';
import { parseReport, type ReportFields } from './messages/report.ts';
import { startupPacket } from './messages/startup.ts';

/**
 * Logs in with a cleartext password: the stream is the caller's, already secured or on this machine. Throws StatementError with the
 * server's SQLSTATE, and SluiceError `unavailable` when the other side is gone.
 */
export const openStatementClient: OpenStatementClient = async (request) => {
  const channel = new MessageChannel(new ByteSource(request.stream), maxTargetMessageBytes);
  const abort = (): void => {
    request.stream.destroy();
  };
  request.signal.addEventListener('abort', abort, { once: true });
  try {
    if (request.signal.aborted) abort();
    channel.write(startupPacket(startupParameters(request.username, request.options)));
    await logIn(channel, request.secret, request.onNotice);
  } catch (error) {
    await endStream(request.stream, null, goodbyeMs);
    request.signal.removeEventListener('abort', abort);
    throw error;
  }
  return new PostgresStatementClient(channel, request.onNotice, request.onHold ?? (() => undefined), () =>
    request.signal.removeEventListener('abort', abort),
  );
};

function startupParameters(username: string, options: Readonly<Record<string, unknown>>): [string, string][] {
  const database = options.database;
  return [
    ['user', username],
    ...(typeof database === 'string' ? ([['database', database]] as [string, string][]) : []),
    ['client_encoding', 'UTF8'],
    ['application_name', 'sluice exec'],
  ];
}

async function logIn(channel: MessageChannel, secret: Secret, onNotice: (text: string) => void): Promise<void> {
  for (;;) {
    const type = await channel.next();
    const { buffer, start, end } = channel.reader;
    if (type === backend.readyForQuery) return;
    if (type === backend.error) throw statementError(parseReport(buffer, start + 5, end));
    if (type === backend.notice) onNotice(noticeText(parseReport(buffer, start + 5, end)));
    if (type !== backend.authentication) continue;
    const method = new BodyReader(buffer, start + 5, end).int32();
    if (method === 3) channel.write(encodePassword(secret.reveal()));
    else if (method !== 0)
      throw new SluiceError('unsupported', 'the other side is no Sluice gateway: it asks for another login');
  }
}

class PostgresStatementClient implements StatementClient {
  readonly #channel: MessageChannel;
  readonly #onNotice: (text: string) => void;
  readonly #onHold: () => void;
  readonly #onClose: () => void;

  constructor(channel: MessageChannel, onNotice: (text: string) => void, onHold: () => void, onClose: () => void) {
    this.#channel = channel;
    this.#onNotice = onNotice;
    this.#onHold = onHold;
    this.#onClose = onClose;
  }

  /** Runs one message of one or more statements. Results of a failed message are lost with it, as its effects are. */
  async run(text: string): Promise<readonly StatementResult[]> {
    const collector = new Collector();
    let fault: StatementError | null = null;
    this.#channel.write(encodeQuery(text));
    for (;;) {
      const type = await this.#channel.next();
      const { buffer, start, end } = this.#channel.reader;
      if (type === backend.readyForQuery) break;
      if (type === backend.error) {
        fault ??= statementError(parseReport(buffer, start + 5, end));
      } else if (type === backend.notice) {
        const fields = parseReport(buffer, start + 5, end);
        if (announcesHold(fields)) this.#onHold();
        const notice = noticeText(fields);
        collector.notice(notice);
        this.#onNotice(notice);
      } else if (type === backend.copyInResponse) {
        this.#channel.write(encodeCopyFail('this client sends no data'));
      } else {
        collector.take(type, buffer, start, end);
      }
    }
    if (fault !== null) throw fault;
    return collector.results;
  }

  async close(): Promise<void> {
    this.#onClose();
    this.#channel.detach();
    await endStream(this.#channel.source.stream, encodeTerminate(), goodbyeMs);
  }
}

class Collector {
  readonly results: StatementResult[] = [];
  #columns: string[] = [];
  #rows: (string | null)[][] = [];
  #notices: string[] = [];
  #rowCount = 0;
  #bytes = 0;

  notice(text: string): void {
    this.#notices.push(text);
  }

  take(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case backend.rowDescription:
        this.#columns = parseRowDescription(buffer, start + 5, end).map((column) => column.name);
        break;
      case backend.dataRow:
        this.#row(
          parseDataRow(buffer, start + 5, end).map((value) => value?.toString('utf8') ?? null),
          end - start,
        );
        break;
      case backend.copyOutResponse:
        this.#columns = ['copy'];
        break;
      case backend.copyData:
        this.#row([buffer.toString('utf8', start + 5, end).replace(/\n$/, '')], end - start);
        break;
      case backend.commandComplete:
        this.#finish(parseCommandTag(buffer, start + 5, end));
        break;
      case backend.emptyQuery:
        this.#finish('');
        break;
      default:
    }
  }

  #row(values: (string | null)[], bytes: number): void {
    this.#rowCount++;
    this.#bytes += bytes;
    if (this.#rowCount > maxStatementClientRows || this.#bytes > maxStatementClientBytes) {
      throw new SluiceError('too-large', 'the result is larger than this client collects', {
        hint: 'Add a LIMIT, or use psql through "sluice connect".',
      });
    }
    this.#rows.push(values);
  }

  #finish(tag: string): void {
    this.results.push({ columns: this.#columns, rows: this.#rows, tag, notices: this.#notices });
    this.#columns = [];
    this.#rows = [];
    this.#notices = [];
  }
}

function statementError(fields: ReportFields): StatementError {
  return new StatementError(
    fields.get('M') ?? 'the statement failed',
    fields.get('C') ?? '',
    fields.get('D') ?? null,
    fields.get('H') ?? null,
  );
}

function noticeText(fields: ReportFields): string {
  return fields.get('M') ?? '';
}
