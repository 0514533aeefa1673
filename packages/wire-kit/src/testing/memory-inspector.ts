/** A whole inspector in memory, for tests of protocols: judges by predicate, masks by function, keeps what it was told. */
import { type Refusal, type StatementFacts, unreadableFacts } from '@sluice/domain';
import type { StatementStream, StatementStreamName, TerminalRequest, TerminalTap } from '../byte-taps.ts';
import { mintPermit } from '../permit.ts';
import type {
  Inspector,
  Judgement,
  JudgeRequest,
  ResultField,
  ResultMasker,
  StatementHandle,
  UndoKeeper,
} from '../protocol.ts';

export interface MemoryInspectorOptions {
  /** True: the statement is refused. */
  readonly refuses?: (request: JudgeRequest) => boolean;
  /** True: the statement is held until `release` or until the client gives up. */
  readonly holds?: (request: JudgeRequest) => boolean;
  /** Per field: what to do with its values. Default: pass. */
  readonly plan?: (field: ResultField) => 'pass' | 'scan' | 'whole';
  /** Masks a value or a message's text. Default: unchanged. */
  readonly mask?: (text: string) => string | null;
  /** Whether rows are wanted for the record. Default: true. */
  readonly wantsRows?: boolean;
  /** False: judged statements are not kept, for tests that send very many. Default: true. */
  readonly keeps?: boolean;
  /** Rows that the statement may change; null: any number. Default: any. */
  readonly ceiling?: (request: JudgeRequest) => number | null;
  /** Keeps what a statement overwrites; null: nothing. Default: nothing. */
  readonly undo?: (request: JudgeRequest) => UndoKeeper | null;
  /** Rows that one result may give. Default: no limit. */
  readonly maxRows?: number;
}

/** What became of one judged statement. */
export interface MemoryStatement {
  readonly id: string;
  readonly phase: JudgeRequest['phase'];
  readonly text: string;
  readonly binds: JudgeRequest['binds'];
  readonly state: JudgeRequest['state'];
  readonly facts: readonly StatementFacts[];
  readonly verdict: 'forward' | 'refuse';
  readonly fields: (readonly ResultField[])[];
  readonly rows: (readonly (string | null)[])[];
  readonly tags: string[];
  readonly failures: { readonly code: string; readonly message: string }[];
  /** What each stream gave back, in order. */
  readonly streams: Map<StatementStreamName, Buffer[]>;
  /** How often it was stopped at its limit, and whether it had run by then. */
  readonly stops: { readonly ran: boolean }[];
  /** It ran with the writer's credential in a session that opened as the reader. */
  asWriter: boolean;
  ended: number;
  /** What it had changed each time it was taken back at its ceiling; null: not counted. */
  readonly exceeded: (number | null)[];
}

/** What became of one terminal. */
export interface MemoryTerminal {
  readonly request: TerminalRequest;
  readonly output: Buffer[];
  readonly input: Buffer[];
  readonly sizes: (readonly [number, number])[];
  closed: { readonly exitCode: number | null; readonly signal: string | null } | null;
}

export class MemoryInspector implements Inspector {
  readonly statements: MemoryStatement[] = [];
  readonly refusedMessages: string[] = [];
  readonly ownStatements: string[] = [];
  readonly terminals: MemoryTerminal[] = [];
  readonly cancels = new Map<string, () => void>();
  readonly waiting: { readonly release: () => void; readonly request: JudgeRequest }[] = [];
  readonly #options: MemoryInspectorOptions;
  #onWaiting: (() => void)[] = [];

  constructor(options: MemoryInspectorOptions = {}) {
    this.#options = options;
  }

  judge(request: JudgeRequest): Judgement | Promise<Judgement> {
    if (this.#options.refuses?.(request) === true)
      return this.#refuse(request, 'denied', 'Sluice refused this statement');
    if (this.#options.holds?.(request) !== true) return this.#forward(request);
    if (request.phase === 'prepare') {
      return request.actsWhilePrepared === true
        ? this.#refuse(request, 'unsupported', 'a part of it runs while it is prepared')
        : this.#forward(request);
    }
    return this.#hold(request);
  }

  refuseMessage(what: string, because: string): Refusal {
    this.refusedMessages.push(what);
    return refusal('unsupported', `Sluice does not carry ${what}: ${because}`, '');
  }

  maskText(text: string): string {
    return this.#mask(text) ?? '';
  }

  registerCancel(token: string, cancel: () => void): () => void {
    this.cancels.set(token, cancel);
    return () => this.cancels.delete(token);
  }

  recordOwnStatement(text: string): void {
    this.ownStatements.push(text);
  }

  /** Resolves when a statement waits for people. */
  async somethingWaits(): Promise<void> {
    if (this.waiting.length > 0) return;
    await new Promise<void>((resolve) => this.#onWaiting.push(resolve));
  }

  /** The texts that were let through, in order. */
  forwarded(): string[] {
    return this.statements.filter((one) => one.verdict === 'forward').map((one) => one.text);
  }

  #mask(text: string): string | null {
    return this.#options.mask === undefined ? text : this.#options.mask(text);
  }

  async #hold(request: JudgeRequest): Promise<Judgement> {
    request.hold.waiting({
      approvalId: 'approval-1',
      url: 'https://sluice.test/approvals/1',
      message: 'Sluice holds this statement',
    });
    const { cancelled } = request.hold;
    const released = await new Promise<boolean>((resolve) => {
      this.waiting.push({ release: () => resolve(true), request });
      cancelled.addEventListener('abort', () => resolve(false));
      if (cancelled.aborted) resolve(false);
      for (const wake of this.#onWaiting.splice(0)) wake();
    });
    this.waiting.shift();
    return released
      ? this.#forward(request)
      : this.#refuse(request, 'approval-cancelled', 'the request for approval was cancelled');
  }

  #forward(request: JudgeRequest): Judgement {
    return { type: 'forward', permit: mintPermit('forward'), statement: this.#statement(request, 'forward') };
  }

  #refuse(request: JudgeRequest, code: Refusal['code'], message: string): Judgement {
    return {
      type: 'refuse',
      refusal: refusal(code, message, request.text),
      statement: this.#statement(request, 'refuse'),
    };
  }

  #statement(request: JudgeRequest, verdict: MemoryStatement['verdict']): StatementHandle {
    const facts: readonly StatementFacts[] = request.outcome.ok
      ? request.outcome.statements
      : [unreadableFacts(request.language, request.text, request.outcome.message)];
    const kept: MemoryStatement = {
      facts,
      id: `statement-${this.statements.length + 1}`,
      phase: request.phase,
      text: request.text,
      binds: request.binds,
      state: request.state,
      verdict,
      fields: [],
      rows: [],
      tags: [],
      failures: [],
      streams: new Map(),
      stops: [],
      asWriter: false,
      ended: 0,
      exceeded: [],
    };
    if (this.#options.keeps !== false) this.statements.push(kept);
    const { maxRows } = this.#options;
    const ceiling = this.#options.ceiling?.(request) ?? null;
    let taken = 0;
    return {
      id: kept.id,
      facts,
      ceiling:
        ceiling === null
          ? null
          : {
              rows: ceiling,
              exceeded: (touched) => {
                kept.exceeded.push(touched);
                return refusal('limit-exceeded', `Sluice took this statement back at ${touched}`, request.text);
              },
            },
      undo: this.#options.undo?.(request) ?? null,
      budget:
        maxRows === undefined
          ? null
          : {
              take: (rows) => {
                taken += rows;
                return taken <= maxRows;
              },
            },
      wantsRows: this.#options.wantsRows ?? true,
      result: (fields) => {
        kept.fields.push(fields);
        return this.#masker(fields);
      },
      row: (values) => kept.rows.push(values),
      maskMessage: (text) => this.#mask(text) ?? '',
      stream: (name) => this.#stream(kept, name),
      placeMask: () => (this.#options.mask === undefined ? null : (bytes) => this.#maskPlaces(bytes)),
      completed: ({ tag }) => {
        kept.tags.push(tag);
        if (maxRows !== undefined && taken <= maxRows) taken = 0;
      },
      failed: (error) => kept.failures.push(error),
      stopped: (how) => {
        kept.stops.push(how);
        return refusal('limit-exceeded', 'Sluice stopped this statement at its limit', request.text);
      },
      ranAsWriter: () => {
        kept.asWriter = true;
      },
      ended: () => {
        kept.ended++;
      },
    };
  }

  /** Masks what each call brings by itself. */
  #stream(kept: MemoryStatement, name: StatementStreamName): StatementStream {
    const written = kept.streams.get(name) ?? [];
    kept.streams.set(name, written);
    return {
      write: (bytes) => {
        const out = name === 'stdin' ? bytes : this.#maskBytes(bytes);
        written.push(out);
        return out;
      },
      flush: () => Buffer.alloc(0),
    };
  }

  openTerminal(request: TerminalRequest): TerminalTap {
    const kept: MemoryTerminal = { request, output: [], input: [], sizes: [], closed: null };
    this.terminals.push(kept);
    return {
      output: (bytes) => {
        const out = this.#maskBytes(bytes);
        kept.output.push(out);
        return out;
      },
      flush: () => Buffer.alloc(0),
      input: (bytes) => kept.input.push(bytes) > 0,
      resized: (columns, rows) => void kept.sizes.push([columns, rows]),
      closed: (how) => {
        kept.closed ??= how;
      },
    };
  }

  #maskBytes(bytes: Buffer): Buffer {
    return this.#options.mask === undefined ? bytes : Buffer.from(this.#mask(bytes.toString('latin1')) ?? '', 'latin1');
  }

  #maskPlaces(bytes: Buffer): Buffer {
    const masked = this.#maskBytes(bytes);
    return masked.equals(bytes) ? bytes : Buffer.concat([masked, Buffer.alloc(bytes.length, '*')], bytes.length);
  }

  #masker(fields: readonly ResultField[]): ResultMasker {
    const plan = fields.map((field) => this.#options.plan?.(field) ?? 'pass');
    return {
      plan,
      passAll: plan.every((one) => one === 'pass'),
      mask: (_, text) => this.#mask(text),
    };
  }
}

function refusal(code: Refusal['code'], message: string, statement: string): Refusal {
  return {
    code,
    message,
    hint: 'Ask a person who may do this.',
    detail: { sluice: 1, code, rule: 'a-rule', statement, kind: 'write', approval: null, url: null, retry: 'never' },
  };
}
