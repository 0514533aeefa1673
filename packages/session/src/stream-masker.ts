/** Masks of byte streams: whole lines are looked at, so that a value is never judged by its half. */
import type { Masks } from './ports.ts';

/** A line longer than this is looked at in pieces. */
const maxLineBytes = 65_536;
const newline = 0x0a;

/** Bytes in, masked bytes out; what might be the beginning of a value stays behind until more comes or `flush` is called. */
export interface StreamMasker {
  write(bytes: Buffer): Buffer;
  flush(): Buffer;
}

export function openStreamMasker(masks: Masks): StreamMasker {
  if (!masks.active) return { write: (bytes) => bytes, flush: () => Buffer.alloc(0) };
  let held = Buffer.alloc(0);
  const masked = (bytes: Buffer): Buffer => {
    const text = bytes.toString('utf8');
    const out = masks.maskText(text);
    // Bytes that are no UTF-8 pass as they came: decoded and encoded again they would be others.
    return out === text ? bytes : Buffer.from(out, 'utf8');
  };
  return {
    write: (bytes) => {
      const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const end = all.lastIndexOf(newline) + 1;
      const whole = end === 0 && all.length > maxLineBytes ? all.length : end;
      held = Buffer.from(all.subarray(whole));
      return whole === 0 ? Buffer.alloc(0) : masked(all.subarray(0, whole));
    },
    flush: () => {
      const rest = held;
      held = Buffer.alloc(0);
      return rest.length === 0 ? rest : masked(rest);
    },
  };
}
