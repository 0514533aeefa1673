/**
 * Reading libpg_query's JSON trees. A node in a list or an untyped field is `{Tag: {…}}`; a field with one possible type holds the
 * payload bare. Fields with their default value (0, false, '', null) are left out.
 */
export interface Tree {
  readonly [field: string]: unknown;
}

export interface Tagged {
  readonly tag: string;
  readonly node: Tree;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Splits `{Tag: payload}`; the tag is empty for a bare payload. */
export function unwrap(value: Tree): Tagged {
  let only: string | null = null;
  for (const key in value) {
    if (only !== null) return { tag: '', node: value };
    only = key;
  }
  if (only === null || !/^[A-Z]/.test(only)) return { tag: '', node: value };
  const payload = value[only];
  return isTree(payload) ? { tag: only, node: payload } : { tag: '', node: value };
}

export function treeAt(node: Tree, field: string): Tree | null {
  const value = node[field];
  return isTree(value) ? value : null;
}

/** The payload of a tagged child, when it has this tag. */
export function childAt(node: Tree, field: string, tag: string): Tree | null {
  const value = treeAt(node, field);
  return value === null ? null : payload(value, tag);
}

export function payload(value: Tree, tag: string): Tree | null {
  const inner = value[tag];
  return isTree(inner) ? inner : null;
}

export function listAt(node: Tree, field: string): readonly Tree[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isTree) : [];
}

/** The payloads of a list's items that have this tag. */
export function payloadsAt(node: Tree, field: string, tag: string): readonly Tree[] {
  return payloadsOf(listAt(node, field), tag);
}

export function payloadsOf(nodes: readonly Tree[], tag: string): readonly Tree[] {
  const payloads: Tree[] = [];
  for (const item of nodes) {
    const inner = payload(item, tag);
    if (inner !== null) payloads.push(inner);
  }
  return payloads;
}

export function textAt(node: Tree, field: string): string {
  const value = node[field];
  return typeof value === 'string' ? value : '';
}

export function numberAt(node: Tree, field: string): number {
  const value = node[field];
  return typeof value === 'number' ? value : 0;
}

export function flagAt(node: Tree, field: string): boolean {
  return node[field] === true;
}

/** The words of a list of `String` nodes; other nodes give no word. */
export function wordsAt(node: Tree, field: string): readonly string[] {
  return wordsOf(listAt(node, field));
}

export function wordsOf(nodes: readonly Tree[]): readonly string[] {
  return nodes.flatMap((item) => {
    const word = payload(item, 'String');
    return word === null ? [] : [textAt(word, 'sval')];
  });
}

/** The items of a `List` node. */
export function itemsOf(value: Tree): readonly Tree[] {
  const list = payload(value, 'List');
  return list === null ? [] : listAt(list, 'items');
}

/** A constant's value as PostgreSQL reads it, as text; undefined when the node is no constant, null for NULL. */
export function constantOf(value: Tree | null): string | number | boolean | null | undefined {
  if (value === null) return undefined;
  const constant = payload(value, 'A_Const');
  if (constant === null) return undefined;
  if (constant.isnull === true) return null;
  const integer = treeAt(constant, 'ival');
  if (integer !== null) return numberAt(integer, 'ival');
  const boolean = treeAt(constant, 'boolval');
  if (boolean !== null) return flagAt(boolean, 'boolval');
  const string = treeAt(constant, 'sval');
  if (string !== null) return textAt(string, 'sval');
  const float = treeAt(constant, 'fval');
  if (float !== null) return Number(textAt(float, 'fval'));
  const bits = treeAt(constant, 'bsval');
  return bits === null ? undefined : textAt(bits, 'bsval');
}

const positionFields = /^(location|.*_location|stmt_len|list_start|list_end|rexpr_list_start|rexpr_list_end)$/;

/** Canonical JSON: keys sorted, fields that only hold positions in the text left out. Equal trees give equal strings. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isTree(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value)
    .filter((key) => !positionFields.test(key) || typeof value[key] !== 'number')
    .sort();
  return `{${fields.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`;
}
