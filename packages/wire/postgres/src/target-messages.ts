/** The target's messages, each belonging to a known message of ours: passed on as they came, masked, replaced or kept. */

import { encodeError } from './errors.ts';
import type { Expected } from './expected.ts';
import { MessageReader } from './framing.ts';
import { maxTargetMessageBytes } from './limits.ts';
import {
  backend,
  encodeCopyData,
  encodeNotification,
  encodeParameterStatus,
  parseCommandTag,
  parseCopyResponse,
  parseDataRow,
  parseNotification,
  parseParameterDescription,
  parseParameterStatus,
  parseRowDescription,
  type RowColumn,
  type TransactionStatus,
} from './messages/backend.ts';
import { encodeParse, encodeQuery } from './messages/frontend.ts';
import { encodeReport, parseReport, type ReportFields, severityOf } from './messages/report.ts';
import { refusedStatementName, refusedStatementText } from './refused-statement.ts';
import { protocolFault, type RelayCore } from './relay-core.ts';
import { isCarriedEncoding } from './startup-settings.ts';
import { maskReport, type StatementRun } from './statement-run.ts';
import { withFormats } from './statement-table.ts';

/** Values that the target itself chose from a fixed list: nothing of a row can stand in them. */
const fixedReports: ReadonlySet<string> = new Set([
  'server_version',
  'server_encoding',
  'client_encoding',
  'is_superuser',
  'DateStyle',
  'IntervalStyle',
  'integer_datetimes',
  'standard_conforming_strings',
  'in_hot_standby',
  'default_transaction_read_only',
  'scram_iterations',
]);

/** Type and length of a message. */
const headerBytes = 5;

export class TargetMessages {
  readonly #core: RelayCore;
  readonly #isActive: () => boolean;
  readonly #reader = new MessageReader(maxTargetMessageBytes);
  /** Start of the bytes of the current piece that go on unchanged; -1: none. */
  #runBuffer: Buffer | null = null;
  #runStart = 0;
  #runEnd = 0;
  /** What the target said when it ended the session. */
  lastFatal: string | null = null;

  /** `isActive`: what is owed is owed by this target. Another may only report what it may report at any time. */
  constructor(core: RelayCore, isActive: () => boolean) {
    this.#core = core;
    this.#isActive = isActive;
  }

  receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    while (this.#reader.next()) this.#handle();
    this.#endRun();
  }

  #body(): [Buffer, number, number] {
    return [this.#reader.buffer, this.#reader.start + headerBytes, this.#reader.end];
  }

  /** Passes the message on as it came; neighbours become one slice. */
  #pass(): void {
    const { buffer, start, end } = this.#reader;
    if (this.#runBuffer === buffer && this.#runEnd === start) {
      this.#runEnd = end;
      return;
    }
    this.#endRun();
    this.#runBuffer = buffer;
    this.#runStart = start;
    this.#runEnd = end;
  }

  #endRun(): void {
    if (this.#runBuffer === null) return;
    this.#core.toClient.push(this.#runBuffer.subarray(this.#runStart, this.#runEnd));
    this.#runBuffer = null;
  }

  #replace(bytes: Buffer): void {
    this.#endRun();
    if (bytes.length > 0) this.#core.toClient.push(bytes);
  }

  /** Passes a statement's end on, or keeps it back until the gateway has looked at what it did. */
  #passEnd(head: Expected): void {
    if (head.withheld === null) {
      this.#passUnless(head.own);
      return;
    }
    this.#endRun();
    const { buffer, start, end } = this.#reader;
    head.withheld.push(Buffer.from(buffer.subarray(start, end)));
  }

  /** Unless it answers the gateway's own message. */
  #passUnless(own: boolean): void {
    if (!own) this.#pass();
  }

  #handle(): void {
    const type = this.#reader.type;
    // Reports that may come at any time.
    if (type === backend.notice) {
      this.#notice();
      return;
    }
    if (type === backend.parameterStatus) {
      this.#parameterStatus();
      return;
    }
    if (type === backend.notification) {
      this.#notification();
      return;
    }
    const head = this.#head();
    if (type === backend.error) {
      this.#error(head);
      return;
    }
    if (head === null) throw protocolFault('an answer to nothing');
    if (head.refusal !== null && type !== backend.readyForQuery)
      throw protocolFault('a success where the refused statement stood');
    if (head.run?.over === true) {
      this.#beyondLimit(head, head.run);
      return;
    }
    if (type === backend.dataRow) {
      this.#dataRow(head);
      return;
    }
    switch (type) {
      case backend.parseComplete:
        this.#simpleAnswer(head, 'parse');
        break;
      case backend.bindComplete:
        this.#simpleAnswer(head, 'bind');
        break;
      case backend.closeComplete:
        this.#simpleAnswer(head, 'close');
        break;
      case backend.parameterDescription:
        this.#parameterDescription(head);
        break;
      case backend.rowDescription:
        this.#rowDescription(head);
        break;
      case backend.noData:
        this.#noData(head);
        break;
      case backend.commandComplete:
        this.#commandComplete(head);
        break;
      case backend.emptyQuery:
        this.#emptyQuery(head);
        break;
      case backend.portalSuspended:
        this.#expect(head, 'execute');
        this.#passEnd(head);
        this.#core.session.hasRun();
        this.#shift();
        break;
      case backend.copyInResponse:
        this.#copyIn(head);
        break;
      case backend.copyOutResponse:
        this.#copyOut(head);
        break;
      case backend.copyData:
        this.#copyData(head);
        break;
      case backend.copyDone:
        this.#pass();
        break;
      case backend.readyForQuery:
        this.#ready(head);
        break;
      default:
        throw protocolFault(`a message of the unknown type ${type}`);
    }
  }

  #head(): Expected | null {
    return this.#isActive() ? this.#core.expected.head : null;
  }

  #expect(head: Expected, kind: Expected['kind']): void {
    if (head.kind !== kind) throw protocolFault('an answer out of order');
  }

  #shift(): void {
    this.#core.expected.shift();
    this.#core.answered();
  }

  #simpleAnswer(head: Expected, kind: Expected['kind']): void {
    this.#expect(head, kind);
    this.#passUnless(head.own);
    this.#shift();
  }

  #parameterDescription(head: Expected): void {
    this.#expect(head, 'describe');
    if (head.subject?.kind === 'prepared') head.subject.parameterTypes = parseParameterDescription(...this.#body());
    this.#passUnless(head.own);
  }

  #rowDescription(head: Expected): void {
    const columns = parseRowDescription(...this.#body());
    this.#passUnless(head.own);
    if (head.kind === 'query') {
      head.run?.beginRows(columns);
      return;
    }
    this.#expect(head, 'describe');
    this.#described(head, columns);
  }

  #noData(head: Expected): void {
    this.#expect(head, 'describe');
    this.#passUnless(head.own);
    this.#described(head, null);
  }

  #described(head: Expected, columns: readonly RowColumn[] | null): void {
    const subject = head.subject;
    if (subject?.kind === 'portal') {
      subject.columns = columns;
      subject.statement.columns ??= columns;
    } else if (subject !== null) {
      subject.columns = columns;
    }
    this.#shift();
  }

  #dataRow(head: Expected): void {
    if (head.own) {
      head.onRow?.(parseDataRow(...this.#body()));
      return;
    }
    const run = head.run;
    if (run === null) throw protocolFault('a row that nobody asked for');
    this.#beginPortalRows(head);
    const rows = run.rows;
    if (rows === null) throw protocolFault('a row without its description');
    const { buffer, start, end } = this.#reader;
    if (!run.fits(1, end - start - headerBytes)) {
      this.#core.stopAtTarget();
      return;
    }
    if (rows.passes) {
      this.#pass();
      return;
    }
    const masked = rows.dataRow(buffer, start, end);
    if (masked === null) this.#pass();
    else this.#replace(masked);
  }

  /** The result of an Execute begins with its first row or its end; the description came before, by whoever's Describe. */
  #beginPortalRows(head: Expected): void {
    if (head.kind !== 'execute' || head.subject?.kind !== 'portal' || head.run === null || head.run.rows !== null)
      return;
    const portal = head.subject;
    const columns = portal.columns ?? portal.statement.columns;
    if (columns === undefined || columns === null) return;
    head.run.beginRows(withFormats(columns, portal.resultFormats));
  }

  #commandComplete(head: Expected): void {
    if (head.kind !== 'query') this.#expect(head, 'execute');
    this.#passEnd(head);
    const tag = parseCommandTag(...this.#body());
    head.copyingIn = false;
    if (head.run !== null) {
      this.#beginPortalRows(head);
      const { text } = head.run;
      this.#core.session.completed(head.run.completed(tag), text);
    }
    if (head.kind === 'query') return;
    if (head.withheld === null) head.run?.end();
    this.#shift();
  }

  #emptyQuery(head: Expected): void {
    this.#passUnless(head.own);
    if (head.kind === 'query') return;
    this.#expect(head, 'execute');
    head.run?.end();
    this.#shift();
  }

  #copyIn(head: Expected): void {
    if (head.kind !== 'query') this.#expect(head, 'execute');
    if (head.run === null || this.#core.expected.size > 1)
      throw protocolFault('a COPY that the statement did not announce');
    head.copyingIn = true;
    this.#pass();
  }

  #copyOut(head: Expected): void {
    if (head.kind !== 'query') this.#expect(head, 'execute');
    if (head.run === null) throw protocolFault('a COPY that nobody asked for');
    const { binary, columns } = parseCopyResponse(...this.#body());
    head.run.beginCopyOut(binary, columns);
    this.#pass();
  }

  #copyData(head: Expected): void {
    const copy = head.run?.copy ?? null;
    if (copy === null || head.run === null) throw protocolFault('COPY data that nobody asked for');
    const [buffer, start, end] = this.#body();
    if (head.run.handle.budget !== null) {
      const data = buffer.subarray(start, end);
      if (!head.run.fits(head.run.copyRows(data), data.length)) {
        this.#core.stopAtTarget();
        return;
      }
    }
    if (copy.passes) {
      this.#pass();
      return;
    }
    const data = copy.data(buffer.subarray(start, end));
    if (data.length > 0) this.#replace(encodeCopyData(data));
  }

  /**
   * The result passed its limit: rows are dropped, and the end is swapped for the limit's error. Mostly that end is the target's own
   * error, because it was asked to cancel. Where it had finished before, what it did is taken back by a statement that fails in its
   * transaction, so that what the client believes rolled back is rolled back; nothing else was sent behind it meanwhile.
   */
  #beyondLimit(head: Expected, run: StatementRun): void {
    switch (this.#reader.type) {
      case backend.commandComplete:
        this.#core.session.completed(run.completed(parseCommandTag(...this.#body())));
        if (head.kind === 'execute') this.#failInItsPlace(head, run);
        return;
      case backend.portalSuspended:
      case backend.emptyQuery:
        if (head.kind === 'execute') this.#failInItsPlace(head, run);
        return;
      case backend.readyForQuery:
        if (head.withheld === null) this.#readyBeyondLimit(head, run);
        else this.#ready(head);
        return;
      case backend.dataRow:
      case backend.rowDescription:
      case backend.copyOutResponse:
      case backend.copyData:
      case backend.copyDone:
        return;
      default:
        throw protocolFault('an answer out of order');
    }
  }

  #failInItsPlace(head: Expected, run: StatementRun): void {
    this.#expect(head, 'execute');
    this.#core.toTarget.push(encodeParse(refusedStatementName, refusedStatementText));
    this.#core.skipping = true;
    this.#core.unsynced = true;
    const refusal = run.stopped(false);
    run.end();
    this.#shift();
    this.#core.expected.add({ kind: 'parse', refusal });
  }

  /** The end of a simple query. Inside a transaction block it is made to fail there; else it has been committed, and the client is told so. */
  #readyBeyondLimit(head: Expected, run: StatementRun): void {
    const inBlock = String.fromCharCode(this.#reader.buffer[this.#reader.start + headerBytes] ?? 0) === 'T';
    if (run.isStopped || !inBlock) {
      if (!run.isStopped) this.#replace(encodeError(run.stopped(true)));
      this.#ready(head);
      return;
    }
    this.#core.session.ready('T');
    this.#core.toTarget.push(encodeQuery(refusedStatementText));
    const refusal = run.stopped(false);
    run.end();
    this.#shift();
    this.#core.expected.add({ kind: 'query', refusal });
  }

  #ready(head: Expected): void {
    if (head.kind !== 'query') this.#expect(head, 'sync');
    const status = String.fromCharCode(this.#reader.buffer[this.#reader.start + headerBytes] ?? 0) as TransactionStatus;
    const change = this.#core.session.ready(status);
    if (change !== 'none') this.#core.catalogueIsOld();
    // What is kept back is told, and ended, by whoever looks at it.
    if (head.withheld === null) {
      this.#passUnless(head.own);
      head.run?.end();
    }
    this.#shift();
    this.#core.lanes.settled();
  }

  #error(head: Expected | null): void {
    const fields = parseReport(...this.#body());
    const fatal = severityOf(fields) === 'FATAL' || severityOf(fields) === 'PANIC';
    if (fatal) this.lastFatal = `${this.#core.inspector.maskText(fields.get('M') ?? '')} (${fields.get('C') ?? ''})`;
    this.#core.errors++;
    this.#core.session.failed(head?.run?.facts);
    if (head === null || fatal) {
      this.#replace(this.#maskedError(head, fields));
      // A timeout that strikes between two messages of a batch: the target skips to Sync from here on.
      if (this.#isActive() && this.#core.unsynced) {
        this.#core.skipping = true;
        this.#core.answered();
      }
      return;
    }
    head.copyingIn = false;
    head.settled = true;
    if (head.own) head.onError?.(fields);
    if (head.refusal !== null) this.#replace(encodeError(head.refusal));
    else if (!head.own || head.aloud) this.#replace(this.#maskedError(head, fields));
    if (head.kind === 'query') return;
    head.run?.end();
    if (!this.#core.expected.skipToSync()) {
      this.#core.skipping = true;
      // A Query that went out behind it is skipped with the rest, and ends nothing.
      this.#core.unsynced = true;
    }
    this.#core.answered();
  }

  #maskedError(head: Expected | null, fields: ReportFields): Buffer {
    if (head?.run) return head.run.over ? encodeError(head.run.stopped(false)) : head.run.failed(fields);
    return encodeReport(
      'E',
      maskReport(fields, (text) => this.#core.inspector.maskText(text)),
    );
  }

  #notice(): void {
    const fields = parseReport(...this.#body());
    const handle = this.#head()?.run?.handle;
    const mask = (text: string): string => handle?.maskMessage(text) ?? this.#core.inspector.maskText(text);
    const masked = maskReport(fields, mask);
    const changed = [...masked].some(([letter, text]) => fields.get(letter) !== text);
    if (changed) this.#replace(encodeReport('N', masked));
    else this.#pass();
  }

  #parameterStatus(): void {
    const { name, value } = parseParameterStatus(...this.#body());
    assertCarriable(name, value);
    const masked = reportedValue(name, value, (text) => this.#core.inspector.maskText(text));
    if (masked === value) this.#pass();
    else this.#replace(encodeParameterStatus(name, masked));
  }

  #notification(): void {
    const { processId, channel, payload } = parseNotification(...this.#body());
    const masked = this.#core.inspector.maskText(payload);
    if (masked === payload) this.#pass();
    else this.#replace(encodeNotification(processId, channel, masked));
  }
}

export function reportedValue(name: string, value: string, maskText: (text: string) => string): string {
  return fixedReports.has(name) ? value : maskText(value);
}

/** Under these settings text means something else than what Sluice reads and masks: the session ends (fails closed). */
export function assertCarriable(name: string, value: string): void {
  if (name === 'client_encoding' && !isCarriedEncoding(value)) {
    throw protocolFault(`client_encoding ${value}, and Sluice reads and masks UTF-8 only`);
  }
  if (name === 'standard_conforming_strings' && value !== 'on') {
    throw protocolFault('standard_conforming_strings off, under which string literals mean something else');
  }
}
