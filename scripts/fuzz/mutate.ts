/** How one input becomes another: bytes, pieces of other inputs, words, and lengths that lie. */
import type { Random } from './random.ts';

/** Longest input that mutation makes (bytes): parsers are bounded elsewhere, by tests of their own. */
export const maxInputBytes = 4_096;
const interesting = [0, 1, 3, 4, 5, 127, 128, 255, 256, 32_767, 32_768, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

type Mutator = (input: Buffer, random: Random, corpus: readonly Buffer[], words: readonly Buffer[]) => Buffer;

const mutators: readonly Mutator[] = [
  flipBit,
  setByte,
  removePiece,
  repeatPiece,
  insertWord,
  insertWord,
  replaceWithWord,
  splice,
  splice,
  writeLength,
  fixLength,
];

export function mutate(input: Buffer, random: Random, corpus: readonly Buffer[], words: readonly Buffer[]): Buffer {
  // Now and then something new, made of words alone: long ways through states are not found by small steps.
  let changed: Buffer =
    words.length > 0 && random.chance(8)
      ? Buffer.concat(Array.from({ length: 1 + random.below(48) }, () => random.pick(words)))
      : Buffer.from(input);
  for (let rounds = 1 + random.below(5); rounds > 0; rounds--) {
    changed = random.pick(mutators)(changed, random, corpus, words);
    if (changed.length > maxInputBytes) changed = changed.subarray(0, maxInputBytes);
  }
  return changed;
}

function flipBit(input: Buffer, random: Random): Buffer {
  if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8);
  return input;
}

function setByte(input: Buffer, random: Random): Buffer {
  if (input.length > 0) input[random.below(input.length)] = random.below(256);
  return input;
}

function removePiece(input: Buffer, random: Random): Buffer {
  const [from, to] = piece(input, random);
  return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
}

function repeatPiece(input: Buffer, random: Random): Buffer {
  const [from, to] = piece(input, random);
  const times = 1 + random.below(4);
  const repeated = Array.from({ length: times }, () => input.subarray(from, to));
  return Buffer.concat([input.subarray(0, to), ...repeated, input.subarray(to)]);
}

function insertWord(input: Buffer, random: Random, _corpus: readonly Buffer[], words: readonly Buffer[]): Buffer {
  if (words.length === 0) return input;
  const at = random.below(input.length + 1);
  return Buffer.concat([input.subarray(0, at), random.pick(words), input.subarray(at)]);
}

function replaceWithWord(input: Buffer, random: Random, _corpus: readonly Buffer[], words: readonly Buffer[]): Buffer {
  if (words.length === 0) return input;
  const [from, to] = piece(input, random);
  return Buffer.concat([input.subarray(0, from), random.pick(words), input.subarray(to)]);
}

function splice(input: Buffer, random: Random, corpus: readonly Buffer[]): Buffer {
  const other = random.pick(corpus);
  const [from, to] = piece(other, random);
  const at = random.below(input.length + 1);
  const keep = random.chance(2) ? at : Math.min(input.length, at + (to - from));
  return Buffer.concat([input.subarray(0, at), other.subarray(from, to), input.subarray(keep)]);
}

/** A number of two or four bytes that parsers stumble over, anywhere. */
function writeLength(input: Buffer, random: Random): Buffer {
  const value = random.pick(interesting);
  const bytes = random.chance(2) ? 4 : 2;
  if (input.length < bytes) return input;
  const at = random.below(input.length - bytes + 1);
  if (bytes === 4) input.writeUInt32BE(value >>> 0, at);
  else input.writeUInt16BE(value & 0xffff, at);
  return input;
}

/** Makes a length word true again, as though a message began here and ended somewhere behind: deeper code is reached. */
function fixLength(input: Buffer, random: Random): Buffer {
  if (input.length < 5) return input;
  const at = random.below(input.length - 4);
  const body = random.below(input.length - at - 4 + 1);
  input.writeUInt32BE(4 + body, Math.min(at + 1, input.length - 4));
  return input;
}

function piece(input: Buffer, random: Random): [number, number] {
  const from = random.below(input.length + 1);
  const longest = Math.min(input.length - from, random.chance(4) ? input.length : 16);
  return [from, from + random.below(longest + 1)];
}
