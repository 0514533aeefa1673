/**
 * Where a problem (1-based line and column in UTF-16 units) lies in a text: from there to the end of the word, never past the line,
 * and always inside the text, also when it is shorter than the one that was checked.
 */
export function problemOffsets(
  text: string,
  problem: { readonly line: number; readonly column: number },
): { readonly from: number; readonly to: number } {
  let start = 0;
  for (let line = 1; line < problem.line; line += 1) {
    const at = text.indexOf('\n', start);
    if (at === -1) break;
    start = at + 1;
  }
  const lineEnd = text.indexOf('\n', start);
  const end = lineEnd === -1 ? text.length : lineEnd;
  const from = Math.min(start + Math.max(0, problem.column - 1), end);
  const word = /^[\w.'"-]+/.exec(text.slice(from, end))?.[0].length ?? 0;
  const to = Math.min(end, from + Math.max(1, word));
  // At the end of a line there is nothing to underline but the character before.
  return from === to ? { from: Math.max(start, from - 1), to } : { from, to };
}
