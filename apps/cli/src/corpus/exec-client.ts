/** A form as `sluice exec` sends it: a stream of its own, Sluice's own client, one message. */
import type { Duplex } from 'node:stream';
import { refusalDetailSchema, SluiceError } from '@sluice/domain';
import { type CorpusAnswer, type StatementClient, StatementError } from '@sluice/protocols/clients';

export type OpenExec = (request: {
  readonly wrap: (stream: Duplex) => Duplex;
  readonly onNotice: (text: string) => void;
  readonly onHold: () => void;
  readonly signal: AbortSignal;
}) => Promise<StatementClient>;

/** Never rejects for what the other side does. A hold is given up at once by leaving, as Ctrl-C does. */
export async function execDeliver(
  open: OpenExec,
  wrap: (stream: Duplex) => Duplex,
  text: string,
  answerMs: number,
): Promise<CorpusAnswer> {
  const received: string[] = [];
  const leave = new AbortController();
  let held = false;
  const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(answerMs)]);
  const answer = (outcome: CorpusAnswer['outcome'], code = '', message = ''): CorpusAnswer => ({
    outcome: held ? 'held' : outcome,
    code,
    message,
    received: Buffer.from(received.join('\n')),
  });
  try {
    const client = await open({
      wrap,
      onNotice: (notice) => received.push(notice),
      onHold: () => {
        held = true;
        leave.abort();
      },
      signal,
    });
    try {
      const results = await client.run(text);
      for (const { output, ...more } of results) {
        received.push(JSON.stringify(more), ...more.rows.map((row) => row.join('\n')));
        if (output === undefined) continue;
        received.push(output.stdout.toString('utf8'), output.stderr);
        if (output.status !== 0) return answer('failed', more.tag, output.stderr.split('\n')[0] ?? '');
      }
      return answer('ran');
    } finally {
      await client.close();
    }
  } catch (error) {
    if (error instanceof StatementError) {
      received.push(error.message, error.detail ?? '', error.hint ?? '');
      return answer(isRefusal(error.detail) ? 'refused' : 'failed', error.code, error.message);
    }
    if (error instanceof SluiceError) return answer('ended', error.code, error.message);
    throw error;
  }
}

function isRefusal(detail: string | null): boolean {
  try {
    return refusalDetailSchema.safeParse(JSON.parse(detail ?? 'null')).success;
  } catch {
    return false;
  }
}
