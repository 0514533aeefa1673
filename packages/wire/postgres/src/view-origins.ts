/**
 * Which of a view's columns are bare columns of another relation, from the stored form of its query (`pg_rewrite.ev_action`, the
 * output of src/backend/nodes/outfuncs.c). Only the top query's own target list is read: TARGETENTRY nodes with `resorigtbl`.
 */
export interface ColumnOrigin {
  readonly relation: number;
  readonly attribute: number;
}

/** Attribute number → origin, for a query without set operations; empty when the form is not what is expected. */
export function viewColumnOrigins(tree: string): ReadonlyMap<number, ColumnOrigin> {
  const origins = new Map<number, ColumnOrigin>();
  // In a UNION the target list shows the first arm's origins only.
  const setOperations = lastField(tree, ':setOperations ');
  if (setOperations === null || !setOperations.startsWith('<>')) return origins;
  const list = topTargetList(tree);
  if (list === null) return origins;
  for (const entry of topEntries(list)) {
    const number = /:resno (\d+) /.exec(entry.tail);
    const relation = /:resorigtbl (\d+) /.exec(entry.tail);
    const attribute = /:resorigcol (-?\d+) /.exec(entry.tail);
    if (!number || !relation || !attribute || !entry.bareColumn || relation[1] === '0') continue;
    if (/:resjunk true/.test(entry.tail)) continue;
    origins.set(Number(number[1]), { relation: Number(relation[1]), attribute: Number(attribute[1]) });
  }
  return origins;
}

function lastField(tree: string, field: string): string | null {
  const at = tree.lastIndexOf(field);
  return at < 0 ? null : tree.slice(at + field.length, at + field.length + 40);
}

/** The outermost query's target list: depth 2 of `({QUERY … :targetList (…) …})`. */
function topTargetList(tree: string): string | null {
  const marker = ':targetList ';
  let depth = 0;
  for (let at = 0; at < tree.length; at++) {
    const char = tree[at]!;
    if (char === '\\') at++;
    else if (char === '{' || char === '(') depth++;
    else if (char === '}' || char === ')') depth--;
    else if (depth === 2 && char === ':' && tree.startsWith(marker, at)) {
      const start = at + marker.length;
      return tree[start] === '(' ? tree.slice(start, matching(tree, start) + 1) : null;
    }
  }
  return null;
}

function* topEntries(list: string): Generator<{ tail: string; bareColumn: boolean }> {
  for (let at = 1; at < list.length; at++) {
    if (list[at] !== '{') continue;
    const end = matching(list, at);
    const entry = list.slice(at, end + 1);
    const value = entry.indexOf(':expr ') + ':expr '.length;
    if (entry.startsWith('{TARGETENTRY') && entry[value] === '{') {
      const valueEnd = matching(entry, value);
      yield { tail: entry.slice(valueEnd), bareColumn: entry.startsWith('{VAR ', value) };
    }
    at = end;
  }
}

function matching(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') at++;
    else if (char === '{' || char === '(') depth++;
    else if (char === '}' || char === ')') {
      if (--depth === 0) return at;
    }
  }
  return text.length - 1;
}
