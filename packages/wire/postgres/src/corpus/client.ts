/** Puts one form to the other side in every way this protocol has. */
import type { CorpusAnswer, CorpusClient, CorpusForm, Delivery } from '@sluice/wire-kit';
import { int16, message } from '../messages/bytes.ts';
import { encodeDescribePortal, encodeExecute, encodeQuery, encodeSync } from '../messages/frontend.ts';
import { CorpusSession, type Heard, nothingHeard, type SessionSource } from './session.ts';
import { encodeBind, planSteps } from './steps.ts';

/** `binary` is the extended protocol with results in binary form. */
export const corpusPaths = ['simple', 'extended', 'binary'] as const;
const beforeText = 'SELECT 1';

export class PostgresCorpusClient implements CorpusClient {
  readonly #source: SessionSource;
  #session: CorpusSession | null = null;

  constructor(source: SessionSource) {
    this.#source = source;
  }

  async deliver(form: CorpusForm, delivery: Delivery): Promise<CorpusAnswer> {
    if (form.type === 'steps') return this.#deliverSteps(form.steps, delivery.cut);
    const heard = nothingHeard();
    const session = await this.#ready();
    const { cut } = delivery;
    if (delivery.position === 'transaction') await session.exchange(encodeQuery('BEGIN'), { readies: 1 }, heard);
    await session.exchange(...exchangeOf(form.text, form.values, delivery), heard);
    const answer = answerOf(heard);
    if (delivery.position === 'transaction') {
      const after = nothingHeard();
      await session.exchange(encodeQuery('COMMIT'), { readies: 1, cut }, after);
      heard.received.push(...after.received);
    }
    await this.#tidy(session, answer.outcome !== 'refused');
    return { ...answer, received: Buffer.concat(heard.received) };
  }

  async firstValue(text: string): Promise<string | null> {
    const heard = nothingHeard();
    const session = await this.#ready();
    await session.exchange(encodeQuery(text), { readies: 1 }, heard);
    return heard.error === null ? heard.firstValue : null;
  }

  async close(): Promise<void> {
    await this.#session?.close();
    this.#session = null;
  }

  /** Steps say how their session begins, so each such form gets one of its own. */
  async #deliverSteps(steps: readonly unknown[], cut: boolean): Promise<CorpusAnswer> {
    const plan = planSteps(steps);
    const heard = nothingHeard();
    const session =
      plan.packet === null
        ? await CorpusSession.open(this.#source, plan.startup, heard)
        : await CorpusSession.openRaw(this.#source, plan.packet, heard);
    for (const { bytes, readies, untilEnd } of plan.segments)
      await session.exchange(bytes, { readies, untilEnd, cut }, heard);
    await session.close();
    return answerOf(heard);
  }

  async #ready(): Promise<CorpusSession> {
    if (this.#session?.open === true) return this.#session;
    const heard = nothingHeard();
    const session = await CorpusSession.open(this.#source, {}, heard);
    if (!session.open || heard.error !== null)
      throw new Error(`no session could be opened: ${heard.error?.message ?? 'it was closed'}`);
    this.#session = session;
    return session;
  }

  /** Nothing of one form may be left for the next: transaction, settings, names, temporary objects, locks. */
  async #tidy(session: CorpusSession, ranSomething: boolean): Promise<void> {
    const heard = nothingHeard();
    if (session.open && session.inTransaction) await session.exchange(encodeQuery('ROLLBACK'), { readies: 1 }, heard);
    if (session.open && ranSomething) await session.exchange(encodeQuery('DISCARD ALL'), { readies: 1 }, heard);
    if (heard.error !== null) await session.close();
    if (!session.open) this.#session = null;
  }
}

function exchangeOf(
  text: string,
  values: readonly (string | null)[] | null,
  { path, position, cut }: Delivery,
): [Buffer, { readies: number; cut: boolean }] {
  const pipelined = position === 'pipelined';
  if (path === 'simple') {
    const bytes = Buffer.concat([...(pipelined ? [encodeQuery(beforeText)] : []), encodeQuery(text)]);
    return [bytes, { readies: pipelined ? 2 : 1, cut }];
  }
  const batch = [
    ...(pipelined ? batchOf(beforeText, [], []) : []),
    ...batchOf(text, values ?? [], path === 'binary' ? [1] : []),
    encodeSync(),
  ];
  return [Buffer.concat(batch), { readies: 1, cut }];
}

function batchOf(text: string, values: readonly (string | null)[], resultFormats: readonly number[]): Buffer[] {
  return [
    message('P', '', text, int16(0)),
    encodeBind('', '', [], values, resultFormats),
    encodeDescribePortal(''),
    encodeExecute(''),
  ];
}

function answerOf(heard: Heard): CorpusAnswer {
  return {
    outcome: outcomeOf(heard),
    code: heard.error?.code ?? '',
    message: heard.error?.message ?? '',
    received: Buffer.concat(heard.received),
  };
}

function outcomeOf(heard: Heard): CorpusAnswer['outcome'] {
  if (heard.held) return 'held';
  if (heard.refused) return 'refused';
  if (heard.ended) return 'ended';
  return heard.error === null ? 'ran' : 'failed';
}
