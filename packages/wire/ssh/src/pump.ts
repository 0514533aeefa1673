/** Moves bytes from one stream to another, one piece at a time, masked on the way; as slow as the slower side. */
import type { Duplex, Readable, Writable } from 'node:stream';
import { quietFlushMs } from './limits.ts';

export interface PumpRequest {
  readonly source: Readable;
  readonly sink: Writable;
  /** The socket below the sink: a peer may give a channel any window and read nothing all the same. */
  readonly socket: Duplex;
  readonly masked: { write(bytes: Buffer): Buffer; flush(atEnd?: boolean): Buffer };
  /** Called before a piece goes on. False: nothing more goes on; the caller has ended the source. */
  readonly take: (bytes: Buffer) => boolean;
  /** Aborted when the sink takes nothing more. */
  readonly closed: AbortSignal;
}

/** Resolves when the source has ended and everything has been handed over, or when the sink is closed. Never rejects. */
export function pump(request: PumpRequest): Promise<void> {
  const { source, masked, closed } = request;
  return new Promise((resolve) => {
    let quiet: NodeJS.Timeout | undefined;
    let stopped = false;
    let last = Promise.resolve();
    const over = () => {
      clearTimeout(quiet);
      stopped = true;
      source.off('data', onData);
      closed.removeEventListener('abort', over);
      // What still comes is read and thrown away: a source that nobody reads would never end.
      source.resume();
      resolve();
    };
    const flush = () => {
      last = last.then(() => (stopped ? undefined : send(request, masked.flush())));
    };
    const onData = (bytes: Buffer) => {
      clearTimeout(quiet);
      if (!request.take(bytes)) {
        over();
        return;
      }
      source.pause();
      last = last
        .then(() => send(request, masked.write(bytes)))
        .then(() => {
          if (stopped) return;
          quiet = setTimeout(flush, quietFlushMs);
          source.resume();
        });
    };
    source.on('data', onData);
    source.once('end', () => {
      clearTimeout(quiet);
      void last.then(() => send(request, masked.flush(true))).then(over);
    });
    closed.addEventListener('abort', over, { once: true });
    if (closed.aborted || source.readableEnded) over();
    else source.resume();
  });
}

/** Resolves when the bytes are on their way, or cannot be sent any more. */
export async function send(
  { sink, socket, closed }: Pick<PumpRequest, 'sink' | 'socket' | 'closed'>,
  bytes: Buffer,
): Promise<void> {
  if (bytes.length === 0 || closed.aborted || !sink.writable) return;
  await until(closed, (done) => sink.write(bytes, done));
  if (socket.writableNeedDrain) await until(closed, (done) => socket.once('drain', done));
}

function until(closed: AbortSignal, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      closed.removeEventListener('abort', done);
      resolve();
    };
    closed.addEventListener('abort', done, { once: true });
    begin(done);
  });
}
