/** Startup packets: the only ones without a type letter. PostgreSQL manual, "Message Formats". */
import { BodyReader, int32, packet, violation } from './bytes.ts';

export const protocolCodes = {
  v3: 3 << 16,
  v32: (3 << 16) | 2,
  cancel: 80_877_102,
  ssl: 80_877_103,
  gssenc: 80_877_104,
} as const;

export type StartupPacket =
  | { readonly type: 'ssl' }
  | { readonly type: 'gssenc' }
  | { readonly type: 'cancel'; readonly processId: number; readonly key: Buffer }
  | {
      readonly type: 'startup';
      readonly major: number;
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    };

/** Parses one whole startup packet, its length word included. */
export function parseStartupPacket(bytes: Buffer): StartupPacket {
  const body = new BodyReader(bytes, 4, bytes.length);
  const code = body.int32();
  if (code === protocolCodes.ssl || code === protocolCodes.gssenc) {
    body.finish();
    return { type: code === protocolCodes.ssl ? 'ssl' : 'gssenc' };
  }
  if (code === protocolCodes.cancel) {
    const processId = body.uint32();
    // Four bytes in protocol 3.0, up to 256 in 3.2.
    if (body.left < 4 || body.left > 256) throw violation('a cancel request with an impossible key');
    return { type: 'cancel', processId, key: body.bytes(body.left) };
  }
  const parameters = new Map<string, string>();
  for (;;) {
    const name = body.text();
    if (name === '') break;
    parameters.set(name, body.text());
  }
  body.finish();
  return { type: 'startup', major: code >>> 16, minor: code & 0xffff, parameters };
}

export function startupPacket(parameters: Iterable<readonly [string, string]>): Buffer {
  const parts: (Buffer | string)[] = [int32(protocolCodes.v3)];
  for (const [name, value] of parameters) parts.push(name, value);
  parts.push(Buffer.from([0]));
  return packet(...parts);
}

export function sslRequest(): Buffer {
  return packet(int32(protocolCodes.ssl));
}

export function cancelRequest(processId: number, key: Buffer): Buffer {
  return packet(int32(protocolCodes.cancel), int32(processId), key);
}
