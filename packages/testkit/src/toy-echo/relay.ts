import { SluiceError } from '@sluice/domain';
import type {
  HoldInteraction,
  JudgeRequest,
  RelayRequest,
  ResultField,
  SessionEnd,
  SessionState,
  StatementHandle,
  TargetKnowledge,
  WireRefusal,
} from '@sluice/wire-kit';
import type { ToyClient } from './client-side.ts';
import type { ToyTarget } from './target-side.ts';
import { toyLanguageName } from './toy-language.ts';

type ToyRelay = RelayRequest<ToyClient, ToyTarget, TargetKnowledge>;

const state: SessionState = { database: '', role: null, searchPath: null, inTransaction: false };
/** A target's answer that begins with this is an error. */
const errorMark = '!';

/** One line after the other: judged, sent, its echo masked. */
export async function relayToyEcho(request: ToyRelay): Promise<SessionEnd> {
  const { client, target, permit, signal, inspector } = request;
  permit.spend();
  let cancel = new AbortController();
  const forget = inspector.registerCancel(client.cancelToken, () => cancel.abort());
  const stop = () => {
    void client.refuse(signal.reason as WireRefusal);
    void target.close();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  try {
    await client.lines.send(`READY ${client.cancelToken}`);
    for (;;) {
      const line = await client.lines.next();
      if (signal.aborted) return { reason: 'terminated', message: (signal.reason as WireRefusal).message };
      if (line === null) return { reason: 'clean', message: 'the client left' };
      cancel = new AbortController();
      const answered = await relayLine(request, line, cancel.signal);
      if (signal.aborted) return { reason: 'terminated', message: (signal.reason as WireRefusal).message };
      if (!answered) {
        await client.refuse({ reason: 'target', message: 'the target went away', hint: 'Connect again.' });
        return { reason: 'target-gone', message: 'the target went away' };
      }
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    await client.refuse({ reason: 'protocol', message: error.message, hint: 'Send shorter lines.' });
    return { reason: 'protocol-violation', message: error.message };
  } finally {
    signal.removeEventListener('abort', stop);
    forget();
    client.lines.stream.destroy();
    await target.close();
  }
}

/** False when the target gave no answer. */
async function relayLine(request: ToyRelay, text: string, cancelled: AbortSignal): Promise<boolean> {
  const { client, target, inspector } = request;
  const read = () => readText(request, text);
  const judge: JudgeRequest = {
    phase: 'run',
    language: toyLanguageName,
    text,
    outcome: await read(),
    binds: [],
    state,
    definitions: '',
    earlier: null,
    hold: holdOf(request, AbortSignal.any([cancelled, client.lines.gone]), read),
  };
  const judgement = await inspector.judge(judge);
  if (judgement.type === 'refuse') {
    const { message, hint, detail } = judgement.refusal;
    await client.lines.send(`REFUSED ${JSON.stringify({ message, hint, detail })}`);
    judgement.statement.ended();
    return true;
  }
  judgement.permit.spend();
  await target.lines.send(text);
  const answer = await target.lines.next();
  if (answer === null) return false;
  await client.lines.send(
    answer.startsWith(errorMark) ? failed(judgement.statement, answer.slice(1)) : echoed(judgement.statement, answer),
  );
  judgement.statement.ended();
  return true;
}

function readText({ facts, connection }: ToyRelay, text: string) {
  const refused = String(connection.options.refused);
  return facts.read({ language: toyLanguageName, text, session: { refused }, sessionKey: refused, catalogue: null });
}

function holdOf(
  { client }: ToyRelay,
  cancelled: AbortSignal,
  read: () => ReturnType<typeof readText>,
): HoldInteraction {
  return {
    cancelled,
    maxWaitMs: null,
    readAgain: async () => ({ outcome: await read(), state, definitions: '' }),
    waiting: (notice) => void client.lines.send(`WAIT ${JSON.stringify(notice)}`),
  };
}

function echoed(statement: StatementHandle, answer: string): string {
  const field: ResultField = {
    name: 'line',
    origin: null,
    lineage: statement.facts[0]?.outputs?.[0] ?? null,
    category: 'text',
    type: 'line',
  };
  const masked = statement.result([field]).mask(0, answer);
  statement.row([masked]);
  statement.completed({ tag: 'ECHO', rows: 1 });
  return `ROW ${masked ?? ''}`;
}

function failed(statement: StatementHandle, message: string): string {
  statement.failed({ code: 'ECHO', message });
  return `FAILED ${statement.maskMessage(message)}`;
}
