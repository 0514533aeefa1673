import type { Duplex } from 'node:stream';
import { finished } from 'node:stream';
import { SluiceError } from '@sluice/domain';

/**
 * Pipes two byte streams into each other with half-close and backpressure. When either fails or closes early, `endOther` decides how
 * the other one ends. `onEnd` comes once, when both have closed.
 */
export function joinStreams(client: Duplex, tunnelled: Duplex, ends: JoinEnds): void {
  let open = 2;
  const closed = (): void => {
    open -= 1;
    if (open === 0) ends.onEnd();
  };
  // `finished` reports an early close as an error, too, and keeps an 'error' listener on its stream for good.
  finished(client, (error) => {
    if (error !== null && error !== undefined && !tunnelled.destroyed) tunnelled.destroy(clientGone(error));
  });
  finished(tunnelled, (error) => {
    if (error !== null && error !== undefined && !client.destroyed) ends.endClient(error);
  });
  whenClosed(client, closed);
  whenClosed(tunnelled, closed);
  client.pipe(tunnelled);
  tunnelled.pipe(client);
}

export interface JoinEnds {
  /** The tunnelled stream failed: tell and close the client. */
  readonly endClient: (error: Error) => void;
  readonly onEnd: () => void;
}

/** Also for a stream that has closed before, as a client's may while its ticket is checked. */
export function whenClosed(stream: Duplex, closed: () => void): void {
  if (stream.closed) queueMicrotask(closed);
  else stream.once('close', closed);
}

function clientGone(cause: Error): SluiceError {
  if (cause instanceof SluiceError) return cause;
  return new SluiceError('cancelled', 'the client went away', { audience: 'operator', cause });
}
