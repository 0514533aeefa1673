/**
 * The place of a complaint within an input, as a person would name it: `scopes.networks.0` is entry 1 of “networks”. Null where the
 * complaint is about the whole.
 */
export function fieldWords(path: readonly PropertyKey[]): string | null {
  const at = path.findLastIndex((step) => typeof step === 'string');
  const name = path[at];
  if (typeof name !== 'string') return null;
  const words = `“${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}”`;
  const entry = path[at + 1];
  return typeof entry === 'number' ? `entry ${entry + 1} of ${words}` : words;
}
