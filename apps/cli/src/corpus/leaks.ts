/** Finds planted values in whatever came back, also turned round, as hexadecimal digits or as base64. */
import type { Fixture } from './schema.ts';

/** Answers the names of the planted values of which a run of characters stands in the bytes. */
export type LeakSearch = (received: Buffer) => readonly string[];

/** A base64 text of fewer characters could be chance. */
const minBase64Characters = 8;

export function leakSearch(markers: Fixture['markers']): LeakSearch {
  const needles = markers.map(({ name, text, window }) => ({ name, words: [...wordsOf(text.toLowerCase(), window)] }));
  const encoded = markers.map(({ name, text }) => ({ name, words: base64Of(text) }));
  return (received) => {
    const exact = received.toString('latin1');
    const lower = exact.toLowerCase();
    const found = [
      ...needles.filter(({ words }) => words.some((word) => lower.includes(word))),
      ...encoded.filter(({ words }) => words.some((word) => exact.includes(word))),
    ];
    return [...new Set(found.map(({ name }) => name))];
  };
}

function wordsOf(text: string, window: number): Set<string> {
  const words = new Set<string>();
  for (let from = 0; from + window <= text.length; from++) {
    const word = text.slice(from, from + window);
    words
      .add(word)
      .add([...word].reverse().join(''))
      .add(Buffer.from(word).toString('hex'));
  }
  return words;
}

/** The value at each of the three offsets that base64 can have it at, without the characters that neighbours reach into. */
function base64Of(text: string): string[] {
  return [0, 1, 2]
    .map((offset) => {
      const whole = Buffer.from(' '.repeat(offset) + text)
        .toString('base64')
        .replace(/=+$/, '');
      return whole.slice(offset === 0 ? 0 : offset + 1, -1);
    })
    .filter((word) => word.length >= minBase64Characters);
}
