/**
 * A text as Postgres stores it: without NUL, which `text` and `jsonb` refuse, and with every half surrogate replaced, which `jsonb`
 * refuses. What a client sent must never make its own record impossible to store.
 */
export function storableText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\ufffd');
}

export function storableRecord(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [storableText(key), storableText(value)]));
}
