/** A stream whose writes reach the one below byte by byte. */
import { Duplex } from 'node:stream';

export function cutWrites(below: Duplex): Duplex {
  const above = new Duplex({
    allowHalfOpen: true,
    read: () => below.resume(),
    write: (chunk: Buffer, _encoding, done) => void writeBytes(below, chunk).then(() => done(), done),
    final: (done) => below.end(done),
    destroy: (error, done) => {
      below.destroy();
      done(error);
    },
  });
  below.on('data', (chunk: Buffer) => {
    if (!above.push(chunk)) below.pause();
  });
  below.once('end', () => above.push(null));
  below.once('close', () => above.destroy());
  below.on('error', (error) => above.destroy(error));
  return above;
}

async function writeBytes(below: Duplex, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; at++) {
    if (below.destroyed) throw new Error('the stream was closed');
    await new Promise<void>((resolve, reject) =>
      below.write(chunk.subarray(at, at + 1), (error) => (error ? reject(error) : resolve())),
    );
  }
}
