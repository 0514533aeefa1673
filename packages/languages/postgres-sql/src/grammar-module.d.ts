declare module 'libpg-query/wasm/libpg-query.js' {
  /** The Emscripten module of libpg_query; only what grammar.ts uses. Pointers are byte offsets in the module's memory. */
  interface LibPgQueryModule {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _wasm_parse_query_raw(text: number): number;
    _wasm_free_parse_result(result: number): void;
    _wasm_parse_plpgsql(text: number): number;
    _wasm_fingerprint(text: number): number;
    _wasm_free_string(text: number): void;
    lengthBytesUTF8(text: string): number;
    stringToUTF8(text: string, pointer: number, room: number): void;
    UTF8ToString(pointer: number): string;
    getValue(pointer: number, type: 'i32'): number;
  }
  interface LibPgQueryOptions {
    instantiateWasm?(imports: object, done: (instance: unknown) => void): void;
  }
  const create: (options?: LibPgQueryOptions) => Promise<LibPgQueryModule>;

  export type { LibPgQueryModule };
  export default create;
}
