/** File operations as statements. */
import type { SftpRequest } from '../subsystem.ts';
import { wordsOf } from './judging.ts';
import { SftpViolation } from './packets.ts';
import { SftpSession } from './session.ts';

const failed = 1;

/** Resolves with the channel's exit status when the client or the target has ended it. Never rejects for the world's faults. */
export async function serveSftp(request: SftpRequest): Promise<number> {
  const { client, closed } = request;
  const ending = new AbortController();
  const gone = new Promise<null>((resolve) => {
    ending.signal.addEventListener('abort', () => resolve(null), { once: true });
    closed.addEventListener('abort', () => resolve(null), { once: true });
    if (closed.aborted) resolve(null);
  });
  let session: SftpSession | null = null;
  const chunks = client.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    session = await SftpSession.open(request, () => ending.abort());
    for (;;) {
      const next = await Promise.race([chunks.next(), gone]);
      if (next === null) return failed;
      if (next.done === true) return 0;
      await Promise.race([session.take(next.value), gone]);
    }
  } catch (error) {
    if (closed.aborted) return failed;
    const because = error instanceof SftpViolation ? error.message : wordsOf(error);
    request.warn(request.inspector.refuseMessage('file operations', because));
    return failed;
  } finally {
    await session?.close();
  }
}
