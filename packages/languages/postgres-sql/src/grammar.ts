/// <reference path="./grammar-module.d.ts" />
/**
 * PostgreSQL's own grammar (libpg_query 18 as WebAssembly). This wrapper stands in the place of the package's JavaScript entry because
 * that one loads its `.wasm` from the file beside it as soon as it is imported, which a single-file bundle cannot offer.
 */
import type { LibPgQueryModule } from 'libpg-query/wasm/libpg-query.js';
import createLibPgQuery from 'libpg-query/wasm/libpg-query.js';
import type { Tree } from './tree.ts';

/** The part of the WebAssembly API that is needed; this package is compiled without DOM or Node types. */
interface WebAssemblyApi {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ readonly instance: unknown }>;
}

/** What the grammar says of a text that is not SQL. Anything else that a call throws means the module can no longer be trusted. */
export class GrammarError extends Error {
  /** 0-based position in characters (code points: the scanner counts as `parser_errposition` does); null when not known. */
  readonly characterOffset: number | null;

  constructor(message: string, characterOffset: number | null) {
    super(message);
    this.name = 'GrammarError';
    this.characterOffset = characterOffset;
  }
}

/** The WebAssembly overflowed its stack or trapped. Nothing it says afterwards can be trusted. */
export class GrammarBroken extends Error {
  override readonly name = 'GrammarBroken';
}

export interface RawStatement {
  readonly stmt: Tree;
  /** UTF-8 byte offset; absent for 0. */
  readonly stmt_location?: number;
  /** UTF-8 bytes; absent: to the end. */
  readonly stmt_len?: number;
}

let grammarBytes: Uint8Array | null = null;
let loading: Promise<void> | null = null;
let grammar: LibPgQueryModule | null = null;

/**
 * Gives the bytes of `libpg-query/wasm/libpg-query.wasm`. A bundle calls this before `load()`; without it the module reads the file
 * beside its own script, which is right when running from `node_modules`.
 */
export function provideGrammar(wasm: Uint8Array): void {
  grammarBytes = wasm;
}

/** Instantiates the grammar once. Rejects when the WebAssembly cannot be read or compiled. */
export function loadGrammar(): Promise<void> {
  loading ??= instantiate().then((module) => {
    grammar = module;
  });
  return loading;
}

function instantiate(): Promise<LibPgQueryModule> {
  const bytes = grammarBytes;
  if (bytes === null) return createLibPgQuery();
  const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;
  return new Promise((resolve, reject) => {
    createLibPgQuery({
      instantiateWasm: (imports, done) => {
        api.instantiate(bytes, imports).then(({ instance }) => done(instance), reject);
      },
    }).then(resolve, reject);
  });
}

function loaded(): LibPgQueryModule {
  if (grammar === null) throw new Error('The PostgreSQL grammar is not loaded: await load() first.');
  return grammar;
}

/** Runs `use` with the text as a NUL-ended UTF-8 string in the module's memory. */
function withText<Result>(module: LibPgQueryModule, text: string, use: (pointer: number) => Result): Result {
  const room = module.lengthBytesUTF8(text) + 1;
  const pointer = module._malloc(room);
  if (pointer === 0) throw new Error('The grammar has no memory left.');
  module.stringToUTF8(text, pointer, room);
  let result: Result;
  try {
    result = use(pointer);
  } catch (error) {
    // After a trap the heap is not to be touched again, so nothing is freed: the worker is thrown away.
    throw error instanceof GrammarError ? error : new GrammarBroken('The grammar broke on a text.', { cause: error });
  }
  module._free(pointer);
  return result;
}

/**
 * The raw parse trees of a text's statements, in order. Throws `GrammarError` for a syntax error and anything else when the module broke.
 * The result structure is `{ char *tree; char *stderr; PgQueryError *error }`, the error's `{ message, function, file, line, cursor }`.
 */
export function parseStatements(text: string): readonly RawStatement[] {
  const module = loaded();
  return withText(module, text, (pointer) => {
    const result = module._wasm_parse_query_raw(pointer);
    if (result === 0) throw new Error('The grammar returned nothing.');
    const tree = module.getValue(result, 'i32');
    const error = module.getValue(result + 8, 'i32');
    if (error !== 0) {
      const message = module.UTF8ToString(module.getValue(error, 'i32'));
      const cursor = module.getValue(error + 16, 'i32');
      module._wasm_free_parse_result(result);
      throw new GrammarError(message, cursor > 0 ? cursor - 1 : null);
    }
    const json = module.UTF8ToString(tree);
    module._wasm_free_parse_result(result);
    return (JSON.parse(json) as { readonly stmts?: readonly RawStatement[] }).stmts ?? [];
  });
}

/** The PL/pgSQL parse of `DO` or `CREATE FUNCTION` statements in a text. Throws `GrammarError` when the body is not PL/pgSQL. */
export function parseProcedural(text: string): Tree {
  const answer = askForString(text, (module, pointer) => module._wasm_parse_plpgsql(pointer));
  if (!answer.startsWith('{')) throw new GrammarError(answer, null);
  return JSON.parse(answer) as Tree;
}

/** libpg_query's fingerprint (16 hexadecimal digits); empty when it has none. For grouping only. */
export function fingerprintOf(text: string): string {
  const answer = askForString(text, (module, pointer) => module._wasm_fingerprint(pointer));
  return /^[0-9a-f]{16}$/.test(answer) ? answer : '';
}

function askForString(text: string, ask: (module: LibPgQueryModule, pointer: number) => number): string {
  const module = loaded();
  return withText(module, text, (pointer) => {
    const answer = ask(module, pointer);
    const value = module.UTF8ToString(answer);
    module._wasm_free_string(answer);
    return value;
  });
}
