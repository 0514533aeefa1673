import type { IncomingMessage } from 'node:http';
import { SluiceError } from '@sluice/domain';

/** The whole body. Throws SluiceError `too-large` as soon as it is clear that it is longer than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** JSON of a body. Throws SluiceError `bad-request`. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new SluiceError('bad-request', 'The body is no JSON.', { audience: 'operator', cause });
  }
}

function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError('too-large', `The body is longer than ${maxBytes} bytes.`, { audience: 'operator' });
}
