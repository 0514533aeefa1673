import { randomBytes } from 'node:crypto';
import type { Id } from '@sluice/domain';

/** The counter is `rand_a` and the next 22 bits of `rand_b`: 34 bits, seeded with its top two bits clear (RFC 9562, 6.2 method 1). */
const counterLimit = 2 ** 34;
const lowBits = 2 ** 20;
const middleBits = 2 ** 2;

let lastMs = 0;
let counter = 0;

/**
 * A new UUIDv7 (RFC 9562, 5.7) in lower-case text. Ids of one process always sort in the order they were made: a counter orders those
 * of one millisecond, and a clock that steps back is ignored until it has caught up.
 */
export function newId<Name extends string>(): Id<Name> {
  const random = randomBytes(9);
  const now = Date.now();
  if (now > lastMs || counter + 1 >= counterLimit) {
    lastMs = Math.max(now, lastMs + 1);
    counter = random.readUInt32BE(0);
  } else {
    counter += 1;
  }
  // Layout: 48 bits time, version 7, 12 bits counter, variant 10, 2 + 20 bits counter, 40 random bits.
  const time = hex(lastMs, 12);
  const high = hex(Math.floor(counter / (middleBits * lowBits)), 3);
  const variant = hex(0x8 + (Math.floor(counter / lowBits) % middleBits), 1);
  const low = hex(counter % lowBits, 5);
  const tail = random.toString('hex', 4);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${variant}${low.slice(0, 3)}-${low.slice(3)}${tail}` as Id<Name>;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}
