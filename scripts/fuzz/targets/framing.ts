/** Bytes → messages: whatever the pieces, the reader gives what a reading of all bytes at once gives, and never writes them again. */
import { SluiceError } from '@sluice/domain';
import { MessageReader } from '../../../packages/wire/postgres/src/framing.ts';
import { Random } from '../random.ts';
import { type Fuzzed, type FuzzTarget, must } from '../target.ts';

const maxBytes = 1_000;

type Reader = Pick<MessageReader, 'push' | 'next' | 'type' | 'buffer' | 'start' | 'end' | 'buffered'>;
interface Read {
  readonly messages: readonly Buffer[];
  readonly error: string | null;
  readonly left: number;
}

/** The reading to compare with: all bytes in one piece, straight from the manual's words. */
function reference(bytes: Buffer): Read {
  const messages: Buffer[] = [];
  let at = 0;
  while (bytes.length - at >= 5) {
    const length = bytes.readUInt32BE(at + 1);
    if (length < 4) return { messages, error: 'protocol-violation', left: bytes.length - at };
    if (length + 1 > maxBytes) return { messages, error: 'too-large', left: bytes.length - at };
    if (bytes.length - at < length + 1) break;
    messages.push(bytes.subarray(at, at + length + 1));
    at += length + 1;
  }
  return { messages, error: null, left: bytes.length - at };
}

function piecewise(reader: Reader, bytes: Buffer, cuts: Random): Read {
  const handedOut: { readonly now: Buffer; readonly before: Buffer }[] = [];
  let error: string | null = null;
  let at = 0;
  while (at < bytes.length && error === null) {
    const size = cuts.chance(3) ? 1 : 1 + cuts.below(64);
    // A copy of its own: a chunk from a socket shares no memory with the next.
    reader.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
    try {
      while (reader.next()) {
        const now = reader.buffer.subarray(reader.start, reader.end);
        must(now[0] === reader.type, () => 'the type is not that of the message');
        handedOut.push({ now, before: Buffer.from(now) });
      }
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown;
      error = thrown.code;
    }
  }
  for (const { now, before } of handedOut)
    must(now.equals(before), () => 'bytes that were handed out changed afterwards');
  return { messages: handedOut.map(({ before }) => before), error, left: reader.buffered };
}

function target(name: string, newReader: () => Reader): FuzzTarget {
  return {
    name,
    checks: 'the same messages whatever the pieces; bytes handed out never change; errors are those of the list',
    seeds: [
      Buffer.from('510000000c53454c45435400', 'hex'),
      Buffer.from('5300000004480000000458000000045300000004', 'hex'),
      Buffer.concat([Buffer.from('6400000104', 'hex'), Buffer.alloc(256, 7), Buffer.from('5300000004', 'hex')]),
      Buffer.from('5100000003', 'hex'),
      Buffer.from('51ffffffff', 'hex'),
    ],
    words: ['5300000004', '4800000004', '51000000', '64', '00000004', '000003e7', '000003e8'].map((hex) =>
      Buffer.from(hex, 'hex'),
    ),
    run: (input) => {
      const expected = reference(input);
      for (let seed = 0; seed < 3; seed++) {
        const read = piecewise(newReader(), input, new Random(seed * 7_919 + input.length));
        must(
          read.messages.length === expected.messages.length &&
            read.messages.every((one, i) => one.equals(expected.messages[i]!)),
          () => `${read.messages.length} messages, and ${expected.messages.length} were sent`,
        );
        must(read.error === expected.error, () => `ended with ${read.error}, expected ${expected.error}`);
        if (expected.error === null)
          must(read.left === expected.left, () => `${read.left} bytes left over, expected ${expected.left}`);
      }
    },
  };
}

/** The bug: a header that arrives in two pieces is taken for whole when only the low byte of its length is missing. */
class HastyReader extends MessageReader {
  override next(): boolean {
    if (this.buffered === 4) super.push(Buffer.from([4]));
    return super.next();
  }
}

export const framing: Fuzzed = {
  real: target('framing', () => new MessageReader(maxBytes)),
  planted: target('framing (planted)', () => new HastyReader(maxBytes)),
};
