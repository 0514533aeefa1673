/** One judged message while its results come: which result it is, how its rows are masked, what is told to its handle. */
import type { OutputLineage, Refusal, StatementFacts } from '@sluice/domain';
import type { ResultField, StatementHandle } from '@sluice/wire-kit';
import { CopyMasking } from './copy-masking.ts';
import { readCopyForm } from './copy-options.ts';
import { CopyRowCount } from './copy-row-count.ts';
import { errorOfRefusal, type LocalError } from './errors.ts';
import { type RowColumn, rowsOfTag } from './messages/backend.ts';
import { encodeReport, type ReportFields, severityOf, textFields } from './messages/report.ts';
import { type ColumnForm, RowMasking } from './row-masking.ts';
import type { SessionKnowledge } from './session-knowledge.ts';
import { type Category, categoryOfTypeName, knownType, oidOfTypeName, typeName } from './types.ts';

export class StatementRun {
  readonly handle: StatementHandle;
  readonly text: string;
  readonly #knowledge: SessionKnowledge | null;
  #index = 0;
  #rows: RowMasking | null = null;
  #copy: CopyMasking | null = null;
  #copyCount: CopyRowCount | null = null;
  /** A limit of its result was passed: nothing more of it goes to the client but its end. */
  over = false;
  #stopped: Refusal | null = null;

  constructor(handle: StatementHandle, text: string, knowledge: SessionKnowledge | null) {
    this.handle = handle;
    this.text = text;
    this.#knowledge = knowledge;
  }

  /** The facts of the statement whose result comes now: statements of one simple query complete in order. */
  get facts(): StatementFacts | null {
    return this.handle.facts[this.#index] ?? null;
  }

  get rows(): RowMasking | null {
    return this.#rows;
  }

  get copy(): CopyMasking | null {
    return this.#copy;
  }

  /** A result set begins. */
  beginRows(columns: readonly RowColumn[]): void {
    const facts = this.facts;
    const fields = columns.map((column, i) => this.#field(column, outputAt(facts, i, columns.length), facts));
    const masker = this.handle.result(fields);
    const forms = columns.map(
      (column, i): ColumnForm => ({
        typeOid: column.typeOid,
        format: column.format,
        category: fields[i]!.category,
      }),
    );
    this.#rows = new RowMasking(forms, masker, this.handle);
  }

  beginCopyOut(binary: boolean, columns: number): void {
    const facts = this.facts;
    const types = Array.from({ length: columns }, (_, i) => this.#typeByLineage(outputAt(facts, i, columns)));
    const fields = types.map((type, i): ResultField => {
      const lineage = outputAt(facts, i, columns);
      const known = type !== null && (!binary || oidOfTypeName(type) !== 0);
      const category: Category = binary && !known ? 'opaque' : type === null ? 'text' : categoryOfTypeName(type);
      const name = lineage?.known === true && lineage.direct ? (lineage.columns[0]?.column ?? '') : '';
      // COPY has no RowDescription: where the facts do not say where a value comes from, nobody does.
      return {
        name: name || `column ${i + 1}`,
        origin: lineage === null ? 'unresolved' : null,
        lineage,
        category,
        type: type ?? 'text',
      };
    });
    const forms = fields.map(
      ({ category }, i): ColumnForm => ({
        typeOid: oidOfTypeName(types[i] ?? ''),
        format: binary ? 1 : 0,
        // Elements of arrays have no type here; the whole literal is looked at instead.
        category: category === 'array' ? 'text' : category,
      }),
    );
    this.#rows = new RowMasking(forms, this.handle.result(fields), this.handle);
    const statement = facts === null ? this.text : this.text.slice(facts.start, facts.end);
    const form = readCopyForm(statement);
    this.#copyCount = new CopyRowCount(binary, form?.header === true);
    this.#copy = new CopyMasking(this.#rows, (form?.format === 'binary') === binary ? form : null, columns);
  }

  /** One result ended well. */
  completed(tag: string): StatementFacts | null {
    const facts = this.facts;
    this.#index++;
    this.#rows = null;
    this.#copy = null;
    this.handle.completed({ tag, rows: rowsOfTag(tag) });
    return facts;
  }

  /** The target's error as the client may see it. */
  failed(fields: ReportFields): Buffer {
    const masked = maskReport(fields, (text) => this.handle.maskMessage(text));
    this.#rows = null;
    this.#copy = null;
    failedHandles.add(this.handle);
    const message = masked.get('M') ?? severityOf(fields);
    // What is kept may be masked where the client's is not: a procedure's words are one quotation there as well.
    this.handle.failed({ code: fields.get('C') ?? '', message: isSpoken(fields) ? `"${message}"` : message });
    return encodeReport('E', masked);
  }

  /** Counts a row on its way to the client; false: it must not be sent. */
  fits(rows: number, bytes: number): boolean {
    const { budget } = this.handle;
    if (budget === null) return true;
    if (!this.over && budget.take(rows, bytes)) return true;
    this.over = true;
    return false;
  }

  /** Rows in one CopyData message: servers send one each, and a header or the end of binary data holds none. */
  copyRows(data: Buffer): number {
    return this.#copyCount?.of(data) ?? 1;
  }

  /** True once the client was, or is about to be, told of the limit. */
  get isStopped(): boolean {
    return this.#stopped !== null;
  }

  /** What the client is told in the place of the end of a result that passed its limit. */
  stopped(ran: boolean): LocalError {
    failedHandles.add(this.handle);
    this.#rows = null;
    this.#copy = null;
    this.#stopped ??= this.handle.stopped({ ran });
    return errorOfRefusal(this.#stopped);
  }

  /** It changed more rows than it may, or nobody could count them (null), and was taken back. */
  exceeded(touched: number | null): LocalError {
    const { ceiling } = this.handle;
    if (ceiling === null || ceiling === undefined) throw new Error('there is no ceiling to exceed');
    failedHandles.add(this.handle);
    return errorOfRefusal(ceiling.exceeded(touched));
  }

  /** The same portal is asked for more. */
  goOn(): void {
    this.#index = 0;
  }

  end(): void {
    this.handle.ended();
  }

  /** The target skipped it because of an earlier error in the same batch: it did not run. */
  skipped(): void {
    reportSkipped(this.handle);
  }

  #field(column: RowColumn, lineage: OutputLineage | null, facts: StatementFacts | null): ResultField {
    return {
      name: column.name,
      origin: this.#origin(column, facts),
      lineage,
      category: categoryOf(column),
      type: typeName(column.typeOid),
    };
  }

  /** The server's own word about a column's origin, checked against what the facts say is read. */
  #origin(column: RowColumn, facts: StatementFacts | null): ResultField['origin'] {
    if (column.tableOid === 0) return null;
    const relation = this.#knowledge?.relation(column.tableOid);
    const stored = relation?.columns.find((one) => one.attribute === column.attribute);
    if (relation === undefined || stored === undefined || facts === null) return 'unresolved';
    const expected = [...facts.reads, ...facts.writes].some(
      (object) => object.name === relation.name && (object.schema === null || object.schema === relation.schema),
    );
    return expected ? { schema: relation.schema, relation: relation.name, column: stored.name } : 'unresolved';
  }

  #typeByLineage(lineage: OutputLineage | null): string | null {
    if (lineage?.known !== true || !lineage.direct || lineage.columns.length !== 1) return null;
    return this.#knowledge?.columnType(lineage.columns[0]!) ?? null;
  }
}

/** Handles that were told of a failure: skipping what comes behind it must not tell them again. */
const failedHandles = new WeakSet<StatementHandle>();

/** Tells a handle once that its statement was never run. Bind and Execute share one, and both may be skipped. */
export function reportSkipped(handle: StatementHandle): void {
  if (failedHandles.has(handle)) return;
  failedHandles.add(handle);
  handle.failed({ code: '25P02', message: 'not run: an earlier statement of the same batch failed' });
  handle.ended();
}

/** Functions of the server that say in their own words what a procedure computed (RAISE and its like): nothing in it is quoted. */
const spokenBy: ReadonlySet<string> = new Set([
  'exec_stmt_raise',
  'plperl_util_elog',
  'do_util_elog',
  'PLy_output',
  'PLy_elog_impl',
  'pltcl_elog',
]);
const spokenFields: ReadonlySet<string> = new Set(['M', 'D', 'H']);

function isSpoken(fields: ReportFields): boolean {
  return spokenBy.has(fields.get('R') ?? '');
}

export function maskReport(fields: ReportFields, mask: (text: string) => string): ReportFields {
  const masked: ReportFields = new Map(fields);
  const spoken = isSpoken(fields);
  for (const letter of textFields) {
    const text = fields.get(letter);
    if (text === undefined) continue;
    // A procedure's words count as one quotation, as what the server itself quotes from rows.
    if (spoken && spokenFields.has(letter)) masked.set(letter, mask(`"${text}"`).replace(/^"|"$/g, ''));
    else masked.set(letter, mask(text));
  }
  return masked;
}

/** Lineage by position; none when the numbers differ, because then the facts speak of another result. */
function outputAt(facts: StatementFacts | null, index: number, count: number): OutputLineage | null {
  const outputs = facts?.outputs ?? null;
  return outputs !== null && outputs.length === count ? (outputs[index] ?? null) : null;
}

function categoryOf(column: RowColumn): Category {
  const type = knownType(column.typeOid);
  if (column.format === 0) return type?.category ?? 'text';
  if (type === null || binaryOpaque.has(column.typeOid)) return 'opaque';
  return type.category;
}

/** Types whose binary form this protocol does not read. */
const binaryOpaque: ReadonlySet<number> = new Set([790, 869, 1186, 1266]);
