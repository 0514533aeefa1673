/**
 * The grammar's nodes as Go structs in JavaScript, read without the library's wrappers: those make an object anew for every field that is
 * asked for, which costs a hundred times as much. Only `convert.ts` reads fields.
 */

/** A pointer to a struct. Its fields stand beside `$val`; `constructor.nil` is the pointer to nothing. */
export interface RawNode {
  readonly [field: string]: unknown;
  Pos(): { Offset(): number };
  End(): { Offset(): number };
}

interface GoType {
  readonly string?: unknown;
  readonly nil?: unknown;
}

interface GoSlice {
  readonly $array: ArrayLike<unknown>;
  readonly $offset: number;
  readonly $length: number;
}

/** The struct behind what the parser returned. */
export function unwrapped(file: unknown): RawNode {
  return (file as { readonly __internal_object__: RawNode }).__internal_object__;
}

/** A node's type in the grammar's own words: `CallExpr`. */
export function nodeType(node: RawNode): string {
  const { string } = node.constructor as GoType;
  return typeof string === 'string' ? string.replace(/^\*syntax\./, '') : '';
}

/** The node in a field; null: there is none. */
export function nodeIn(node: RawNode, field: string): RawNode | null {
  const value = node[field];
  if (typeof value !== 'object' || value === null) return null;
  const { string, nil } = value.constructor as GoType;
  return typeof string !== 'string' || value === nil ? null : (value as RawNode);
}

export function nodesIn(node: RawNode, field: string): readonly RawNode[] {
  const slice = node[field] as GoSlice | undefined;
  if (slice === undefined || typeof slice.$length !== 'number') return [];
  return Array.from({ length: slice.$length }, (_, at) => slice.$array[slice.$offset + at] as RawNode);
}

/** A string's bytes stand in it one by one, as Go has them; null: the field holds none. */
export function textIn(node: RawNode, field: string): string | null {
  const value = node[field];
  return typeof value !== 'string' ? null : decoded(value);
}

/** UTF-8 in the low bytes of a string → text. What came out of a text that was valid is valid. */
function decoded(bytes: string): string {
  let plain = true;
  for (let at = 0; at < bytes.length && plain; at += 1) plain = bytes.charCodeAt(at) < 0x80;
  if (plain) return bytes;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.charCodeAt(at);
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let next = 1; next <= more; next += 1) code = (code << 6) | (bytes.charCodeAt(at + next) & 0x3f);
    text += String.fromCodePoint(code);
    at += more + 1;
  }
  return text;
}
