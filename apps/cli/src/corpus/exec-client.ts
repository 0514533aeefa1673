/** A form as `sluice exec` sends it: a stream of its own, Sluice's own client, one message. */
import type { Duplex } from 'node:stream';
import { refusalDetailSchema, SluiceError } from '@sluice/domain';
import { type CorpusAnswer, type Delivery, type StatementClient, StatementError } from '@sluice/protocols/clients';

export type OpenExec = (request: {
  readonly wrap: (stream: Duplex) => Duplex;
  readonly onNotice: (text: string) => void;
  readonly onHold: () => void;
  readonly signal: AbortSignal;
}) => Promise<StatementClient>;

/** How a text stands in a transaction and behind another in one message. */
const around: Readonly<Record<Delivery['position'], (text: string) => string>> = {
  alone: (text) => text,
  transaction: (text) => `BEGIN; ${text}\n; COMMIT`,
  pipelined: (text) => `SELECT 1; ${text}`,
};

/** Never rejects for what the other side does. A hold is given up at once by leaving, as Ctrl-C does. */
export async function execDeliver(
  open: OpenExec,
  wrap: (stream: Duplex) => Duplex,
  text: string,
  { position }: Delivery,
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
      const results = await client.run(around[position](text));
      received.push(JSON.stringify(results));
      for (const { rows } of results) for (const row of rows) received.push(row.join('\n'));
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
