export interface Change {
  /** `labels.env`, `rules.2`; empty for a value that is no object. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

const deepest = 6;

/** What differs between two JSON values, by path, in the order of the keys. Null stands for "was not there". */
export function changesBetween(before: unknown, after: unknown): readonly Change[] {
  const old = flatten(before);
  const fresh = flatten(after);
  const paths = [...new Set([...old.keys(), ...fresh.keys()])];
  return paths.flatMap((path) => {
    const was = old.get(path) ?? null;
    const is = fresh.get(path) ?? null;
    return was === is ? [] : [{ path, before: was, after: is }];
  });
}

function flatten(value: unknown, path = '', depth = 0, into = new Map<string, string>()): Map<string, string> {
  if (value === null || value === undefined) {
    if (path !== '') into.set(path, 'null');
    return into;
  }
  const entries = typeof value === 'object' ? Object.entries(value) : [];
  if (entries.length === 0 || depth >= deepest) {
    into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    return into;
  }
  for (const [key, part] of entries) flatten(part, path === '' ? key : `${path}.${key}`, depth + 1, into);
  return into;
}
