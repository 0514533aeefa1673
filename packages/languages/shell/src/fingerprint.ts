/** Groups statements that differ in their words alone; nothing that grants is keyed by it. */
import type { Statement } from './syntax-tree.ts';

/** 16 hexadecimal digits over the statement's shape and its programs' names. */
export function fingerprintOf(statement: Statement): string {
  const shape = JSON.stringify(statement, (key, value: unknown) => {
    if (key === 'start' || key === 'end') return undefined;
    if (key === 'words' && Array.isArray(value)) return [value[0] as unknown, value.length];
    if (key === 'target' || key === 'document') return null;
    return value;
  });
  return hash(shape, 0x811c9dc5) + hash(shape, 0x01000193);
}

/** FNV-1a. */
function hash(text: string, seed: number): string {
  let value = seed;
  for (let at = 0; at < text.length; at += 1) {
    value ^= text.charCodeAt(at);
    value = Math.imul(value, 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, '0');
}
