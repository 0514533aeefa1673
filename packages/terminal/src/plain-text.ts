const sequences = /\x1b(?:\[[0-9:;<=>? -/]*[@-~]|[()*+#].|.)|[\0-\x08\x0b-\x1f\x7f]/g;
/** Final characters of sequences that leave the place where the text goes on: what stands on both sides is not one word. */
const jumping = new Set('ABEFGHILMST`adef');

/** The words of safe output without what draws them: jumps of the cursor become line breaks. Not the screen, but what was written to it. */
export function plainText(safe: string): string {
  return safe.replace(sequences, (sequence) => {
    if (sequence === '\r') return '';
    const isControl = sequence.startsWith('\x1b[');
    return isControl && jumping.has(sequence.charAt(sequence.length - 1)) ? '\n' : '';
  });
}
