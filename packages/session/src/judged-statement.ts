/** One judged message from verdict to end: its masks, its result in the record, its approval's outcome. */
import { createHash, type Hash } from 'node:crypto';
import { type Refusal, SluiceError, type StatementFacts, type UndoOffer, type Verdict } from '@sluice/domain';
import type {
  ResultField,
  ResultMasker,
  RowCeiling,
  StatementHandle,
  StatementStream,
  StatementStreamName,
  UndoKeeper,
} from '@sluice/wire-kit';
import type { TapContext } from './masked-pair.ts';
import type { ApprovalsPort, UndoPort } from './ports.ts';
import { RecordedStream } from './recorded-stream.ts';
import { type RefusalSubject, refuseOverCeiling, refuseOverLimit } from './refusals.ts';
import { LimitedResult } from './result-budget.ts';
import { touchesMasked } from './statement-text.ts';
import { placeMaskOf } from './stream-masker.ts';

/** Longest cell kept whole in the record; a longer one is cut, and says so. */
export const maxRecordedCellCharacters = 8_192;

/** Stands in the record where a completion word would: the result was cut off at a limit. */
const stoppedTag = 'stopped at a limit';
/** The same where an error or the session's end did it. */
const cutOffTag = 'cut off';

/** What happened to the approval that let this statement pass. */
export interface ConsumedApproval {
  readonly id: string;
  readonly effectDigest: string;
  /** Rows that it may change; null: any number. */
  readonly ceiling: number | null;
}

/** What a bound statement was approved with; its execution must find the same. */
export interface BoundTo {
  readonly text: string;
  readonly database: string;
  readonly role: string | null;
  readonly searchPath: readonly string[] | null;
  readonly definitions: string;
}

interface OpenResult {
  readonly columns: readonly { name: string; type: string; masked: string | null; dataClass: string | null }[];
  /** Masks a value that the client sees raw; null when what it sees is what is kept. */
  readonly keep: ((index: number, text: string) => string | null) | null;
  rows: (string | null)[][];
  /** Of the rows as JSON. */
  bytes: number;
  /** SHA-256 over the rows that are not kept: each as recorded but uncut, as JSON and a line feed. */
  omitted: Hash | null;
}

export interface StatementContext extends TapContext {
  readonly approvals: ApprovalsPort;
  readonly now: () => number;
  /** Statements that are abandoned when the session ends before they do: some of what they answered may have been sent. */
  readonly open: Set<JudgedStatement>;
}

export class JudgedStatement implements StatementHandle {
  readonly id: string;
  readonly facts: readonly StatementFacts[];
  readonly verdict: Verdict;
  readonly policyVersion: number;
  readonly budget: LimitedResult | null;
  readonly #subject: RefusalSubject;
  readonly #context: StatementContext;
  #startedAt: number;
  readonly #touchesMasked: boolean;
  #ceiling: RowCeiling | null = null;
  #undo: UndoKeeper | null = null;
  #offer: UndoOffer | null = null;
  #approval: ConsumedApproval | null = null;
  #approvalReported = false;
  #boundTo: BoundTo | null = null;
  #executionTaken = false;
  #result: OpenResult | null = null;
  #resultIndex = 0;
  #rowsSeen = 0;
  #rowsAffected: number | null = null;
  #failure: string | null = null;
  #completions = 0;
  #ended = false;
  #asWriter = false;
  /** Made with the first of them: most statements stream nothing. */
  #streams: Map<StatementStreamName, RecordedStream> | null = null;

  constructor(subject: RefusalSubject, facts: readonly StatementFacts[], verdict: Verdict, context: StatementContext) {
    this.id = subject.statementId;
    this.#subject = subject;
    const { limits } = verdict;
    this.budget = limits === null || (limits.rows === null && limits.bytes === null) ? null : new LimitedResult(limits);
    this.facts = facts;
    this.verdict = verdict;
    this.policyVersion = verdict.policyVersion;
    this.#context = context;
    this.#startedAt = context.now();
    this.#touchesMasked = touchesMasked(context.masks.record, facts);
  }

  get subject(): RefusalSubject {
    return this.#subject;
  }

  /** Rows beyond the budget count, and go into a digest of what is not kept. */
  get wantsRows(): boolean {
    return true;
  }

  get ceiling(): RowCeiling | null {
    return this.#ceiling;
  }

  /** It may change at most so many rows. Of several ceilings the lowest holds. */
  limitRows(rows: number): void {
    if (this.#ceiling !== null && this.#ceiling.rows <= rows) return;
    this.#ceiling = { rows, exceeded: (touched) => this.#takenBack(rows, touched) };
  }

  get undo(): UndoKeeper | null {
    return this.#undo;
  }

  /** What it overwrites is kept for its approval, where the protocol can. */
  keepsUndo(keeper: Pick<UndoKeeper, 'binds' | 'records'>, undo: UndoPort, connectionId: string): void {
    const approvalId = this.#approval?.id;
    if (approvalId === undefined) return;
    const note = (text: string) => this.#context.record({ type: 'session.note', text });
    this.#undo = {
      ...keeper,
      keep: (image) => {
        try {
          this.#offer = undo.keep(approvalId, connectionId, image);
          return true;
        } catch (error) {
          if (!(error instanceof SluiceError)) throw error;
          note(`what approval ${approvalId} overwrites was not kept: ${error.message}`);
          return false;
        }
      },
      unavailable: (because) => note(`what approval ${approvalId} overwrites was not kept: ${because}`),
      dropped: () => {
        this.#offer = null;
        undo.drop(approvalId);
      },
    };
  }

  get approval(): ConsumedApproval | null {
    return this.#approval;
  }

  /** The statement runs on the strength of this consumed approval; its outcome is owed. */
  runsUnder(approval: ConsumedApproval, boundTo: BoundTo): void {
    this.#approval = approval;
    this.#boundTo = boundTo;
    // It begins now: how long people took is none of its own time.
    this.#startedAt = this.#context.now();
    if (approval.ceiling !== null) this.limitRows(approval.ceiling);
  }

  /** Whether what was approved is still what would run. */
  isBoundTo(now: BoundTo): boolean {
    return JSON.stringify(this.#boundTo) === JSON.stringify(now);
  }

  /** Takes the one execution that an approval gives. False when it was taken before: an approval never lets two run. */
  takeExecution(): boolean {
    if (this.#approval === null || this.#executionTaken) return false;
    this.#executionTaken = true;
    return true;
  }

  /** Its approval was consumed and it will not run; nothing happened at the target. */
  notRun(because: string): void {
    if (!this.takeExecution()) return;
    this.#failure = because;
    this.#reportApproval('failed', this.#context.now() - this.#startedAt);
  }

  result(fields: readonly ResultField[]): ResultMasker {
    const { client, record } = this.#context.masks;
    const context = { readsMasked: this.#touchesMasked };
    const plans = fields.map((field) => client.fieldPlan(field, context));
    const kept = client === record ? plans : fields.map((field) => record.fieldPlan(field, context));
    this.#result = {
      columns: fields.map((field, i) => ({
        name: field.name,
        type: field.type,
        masked: kept[i]?.plan === 'whole' ? (kept[i].rule ?? 'closed') : null,
        dataClass: kept[i]?.dataClass ?? null,
      })),
      keep:
        client === record
          ? null
          : (index, text) => (kept[index] === undefined ? null : record.maskValue(kept[index], text)),
      rows: [],
      bytes: 0,
      omitted: null,
    };
    this.#rowsSeen = 0;
    this.#context.open.add(this);
    const plan = plans.map((field) => field.plan);
    return {
      plan,
      passAll: plan.every((field) => field === 'pass'),
      mask: (index, text) => {
        const field = plans[index];
        // A field that was never described cannot be judged: closed.
        return field === undefined ? null : client.maskValue(field, text);
      },
    };
  }

  row(values: readonly (string | null)[]): void {
    this.#rowsSeen++;
    const result = this.#result;
    if (result === null) return;
    const { keep } = result;
    const masked = keep === null ? values : values.map((value, i) => (value === null ? null : keep(i, value)));
    if (result.omitted === null && this.#keeps(result, masked.map(shorten))) return;
    // What comes behind something left out is left out: what is kept are the first rows.
    result.omitted ??= createHash('sha256');
    result.omitted.update(`${JSON.stringify(masked)}\n`);
  }

  #keeps(result: OpenResult, row: (string | null)[]): boolean {
    const { rows, bytes } = this.#context.recorded;
    if (result.rows.length >= rows) return false;
    const size = Buffer.byteLength(JSON.stringify(row)) + 1;
    if (result.bytes + size > bytes) return false;
    result.bytes += size;
    result.rows.push(row);
    return true;
  }

  maskMessage(text: string): string {
    return this.#context.masks.client.maskMessage(text, { quoted: this.#touchesMasked });
  }

  stream(name: StatementStreamName): StatementStream {
    const known = this.#streams?.get(name);
    if (known !== undefined) return known;
    const opened = new RecordedStream(this.id, name, this.#context);
    this.#streams ??= new Map();
    this.#streams.set(name, opened);
    return opened;
  }

  placeMask(): ((bytes: Buffer) => Buffer) | null {
    return placeMaskOf(this.#context.masks.client);
  }

  completed(result: { readonly tag: string; readonly rows: number | null }): void {
    this.#completions++;
    this.#rowsAffected = (this.#rowsAffected ?? 0) + (result.rows ?? 0);
    this.#recordResult(result.tag, result.rows);
    if (this.budget?.passed === null) this.budget.next();
  }

  failed(error: { readonly code: string; readonly message: string }): void {
    this.#recordCutOff();
    const message = this.#context.masks.record.maskMessage(error.message, { quoted: this.#touchesMasked });
    this.#failure = `${error.code}: ${message}`;
    this.#context.record({
      type: 'statement.failed',
      statementId: this.id,
      code: error.code,
      message,
      durationMs: this.#context.now() - this.#startedAt,
    });
  }

  stopped({ ran }: { readonly ran: boolean }): Refusal {
    const limit = this.budget?.passed;
    if (limit === undefined || limit === null) throw new Error('stopped without a limit that was passed');
    // The rows that reached the client stand in the record like those of any result.
    if (this.#result !== null) this.#recordResult(stoppedTag, this.budget?.rows ?? null);
    const refusal = refuseOverLimit(this.#subject, limit, ran);
    if (!ran) this.#failure = `${refusal.code}: ${refusal.message}`;
    this.#context.record({
      type: 'statement.failed',
      statementId: this.id,
      code: refusal.code,
      message: `${refusal.message} (rule ${limit.rule})`,
      durationMs: this.#context.now() - this.#startedAt,
    });
    return refusal;
  }

  #takenBack(rows: number, touched: number | null): Refusal {
    const refusal = refuseOverCeiling(this.#subject, rows, touched, this.#approval?.id ?? null);
    this.#recordCutOff();
    this.#rowsAffected = touched;
    this.#failure = `${refusal.code}: ${refusal.message}`;
    this.#context.record({
      type: 'statement.failed',
      statementId: this.id,
      code: refusal.code,
      message: refusal.message,
      durationMs: this.#context.now() - this.#startedAt,
    });
    return refusal;
  }

  ranAsWriter(): void {
    this.#asWriter = true;
  }

  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.open.delete(this);
    this.#closeStreams();
    const durationMs = this.#context.now() - this.#startedAt;
    this.#context.record({
      type: 'statement.ended',
      statementId: this.id,
      durationMs,
      ...(this.#asWriter ? { credential: 'writer' as const } : {}),
    });
    const known = this.#failure !== null || this.#completions > 0;
    this.#reportApproval(known ? (this.#failure === null ? 'succeeded' : 'failed') : 'outcome-unknown', durationMs);
  }

  /** The session is over: whatever has not ended by now has an outcome that nobody knows. */
  abandoned(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#recordCutOff();
    this.#closeStreams();
    this.notRun('the session ended before it was executed');
    this.#reportApproval('outcome-unknown', this.#context.now() - this.#startedAt);
  }

  #closeStreams(): void {
    for (const stream of this.#streams?.values() ?? []) stream.close();
  }

  /** Rows that the client got before it went wrong stand in the record like any others. */
  #recordCutOff(): void {
    if (this.#result === null) return;
    if (this.#rowsSeen === 0) this.#result = null;
    else this.#recordResult(cutOffTag, this.#rowsSeen);
  }

  #recordResult(tag: string, rowCount: number | null): void {
    const open = this.#result;
    this.#result = null;
    // Counted here where they were seen here: the target's own count may be of other rows than those that were sent.
    const sent = this.#rowsSeen > 0 ? this.#rowsSeen : (rowCount ?? 0);
    this.#context.record({
      type: 'statement.result',
      statementId: this.id,
      resultIndex: this.#resultIndex++,
      columns: open?.columns ?? [],
      rows: open?.rows ?? [],
      rowCount,
      omittedRows: open === null || open.columns.length === 0 ? 0 : Math.max(sent - open.rows.length, 0),
      omittedDigest: open?.omitted?.digest('hex') ?? null,
      tag,
      durationMs: this.#context.now() - this.#startedAt,
    });
  }

  #reportApproval(outcome: 'succeeded' | 'failed' | 'outcome-unknown', durationMs: number): void {
    if (this.#approval === null || this.#approvalReported) return;
    this.#approvalReported = true;
    this.#context.approvals.outcome(this.#approval.id, {
      outcome,
      rows: this.#rowsAffected,
      durationMs,
      error: this.#failure,
      ...(this.#offer === null || outcome !== 'succeeded' ? {} : { undo: this.#offer }),
    });
  }
}

function shorten(value: string | null): string | null {
  return value !== null && value.length > maxRecordedCellCharacters
    ? `${value.slice(0, maxRecordedCellCharacters)}… (${value.length} characters)`
    : value;
}
