/** Masks of byte streams over Node's buffers, by the rules of the moment. */
import {
  type ByteText,
  type StreamMasker as Masker,
  maskInPlace,
  openStreamMasker as openMasker,
} from '@sluice/masking';
import type { Masks } from './ports.ts';

export type StreamMasker = Masker<Buffer>;

const bytes: ByteText<Buffer> = {
  toText: (buffer) => buffer.toString('latin1'),
  fromText: (text) => Buffer.from(text, 'latin1'),
  encode: (text) => Buffer.from(text, 'utf8').toString('latin1'),
};

/** `masks` is asked before every piece: rules, grants and windows change while a stream runs. */
export function openStreamMasker(masks: () => Masks, interactive: boolean): StreamMasker {
  return openMasker(masks, bytes, { interactive });
}

/** Null where no detector is in force. */
export function placeMaskOf(masks: Masks): ((bytes: Buffer) => Buffer) | null {
  return masks.spans === null ? null : (stretch) => maskInPlace(masks, bytes, stretch);
}
