import { type Refusal, SluiceError } from '@sluice/domain';
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
/** A target's answer that begins with this is not its last line. */
const moreMark = '+';
/** Longest wait for a client to take the last words. */
const goodbyeMs = 2_000;

/** One line after the other: judged, sent, its echo masked. */
export async function relayToyEcho(request: ToyRelay): Promise<SessionEnd> {
  const { client, target, permit, signal, inspector } = request;
  permit.spend();
  const running: Running = { cancel: nothing };
  const forget = inspector.registerCancel(client.cancelToken, () => void running.cancel());
  try {
    const over = Promise.race([whenAborted(signal), whenAborted(target.lines.ended), whenAborted(client.lines.gone)]);
    await client.lines.send(`READY ${client.cancelToken}`);
    const end = await Promise.race([relayLines(request, running), over.then(() => null)]);
    if (signal.aborted) return await say(client, signal.reason as WireRefusal, 'terminated');
    if (end !== null && !target.lines.ended.aborted) return end;
    if (client.lines.gone.aborted) {
      await running.cancel();
      return { reason: 'client-gone', message: 'the client went away' };
    }
    return await say(client, targetGone, 'target-gone');
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return await say(
      client,
      { reason: 'protocol', message: error.message, hint: 'Send shorter lines.' },
      'protocol-violation',
    );
  } finally {
    forget();
    client.lines.stream.destroy();
    await target.close();
  }
}

const nothing = () => Promise.resolve();
const targetGone: WireRefusal = { reason: 'target', message: 'the target went away', hint: 'Connect again.' };

interface Running {
  /** Stops what waits for people or runs at the target; nothing when neither does. */
  cancel: () => Promise<void>;
}

async function say(client: ToyClient, words: WireRefusal, reason: SessionEnd['reason']): Promise<SessionEnd> {
  const waited = AbortSignal.timeout(goodbyeMs);
  await Promise.race([client.refuse(words), whenAborted(waited)]);
  return { reason, message: words.message };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

async function relayLines(request: ToyRelay, running: Running): Promise<SessionEnd> {
  const { client } = request;
  for (let line = await client.lines.next(); line !== null; line = await client.lines.next()) {
    if (line === 'BYE') break;
    await relayLine(request, line, running);
  }
  return { reason: 'clean', message: 'the client left' };
}

async function relayLine(request: ToyRelay, text: string, running: Running): Promise<void> {
  const { client, target, inspector } = request;
  const cancelled = new AbortController();
  running.cancel = () => Promise.resolve(cancelled.abort());
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
    // Nobody reads an answer to a hold whose client has closed even one half.
    hold: holdOf(request, AbortSignal.any([cancelled.signal, client.lines.ended]), read),
  };
  const judgement = await inspector.judge(judge);
  if (judgement.type === 'refuse') {
    await client.lines.send(refusedLine(judgement.refusal));
    judgement.statement.ended();
    return;
  }
  judgement.permit.spend();
  running.cancel = () => target.cancel();
  await target.lines.send(text);
  await answer(request, judgement.statement);
  running.cancel = nothing;
}

/** The target's lines up to the first without the mark of more. A target that is gone leaves the statement without an end. */
async function answer({ client, target }: ToyRelay, statement: StatementHandle): Promise<void> {
  const masker = statement.result([lineField(statement)]);
  let stopped = false;
  for (let rows = 1; ; rows++) {
    const line = await target.lines.next();
    if (line === null) return;
    const isError = line.startsWith(errorMark);
    if (!stopped && !isError && statement.budget?.take(1, line.length) === false) {
      stopped = true;
      await target.cancel();
    }
    if (stopped) {
      if (line.startsWith(moreMark)) continue;
      await client.lines.send(refusedLine(statement.stopped({ ran: !isError })));
      statement.ended();
      return;
    }
    if (isError) {
      const message = line.slice(errorMark.length);
      statement.failed({ code: 'ECHO', message });
      statement.ended();
      await client.lines.send(`FAILED ${statement.maskMessage(message)}`);
      return;
    }
    const more = line.startsWith(moreMark);
    const masked = masker.mask(0, more ? line.slice(moreMark.length) : line);
    if (statement.wantsRows) statement.row([masked]);
    if (!more) {
      statement.completed({ tag: 'ECHO', rows });
      statement.ended();
    }
    await client.lines.send(`${more ? 'MORE' : 'ROW'} ${masked ?? ''}`);
    if (!more) return;
  }
}

function refusedLine({ message, hint, detail }: Refusal): string {
  return `REFUSED ${JSON.stringify({ message, hint, detail })}`;
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

function lineField(statement: StatementHandle): ResultField {
  const lineage = statement.facts[0]?.outputs?.[0] ?? null;
  return { name: 'line', origin: null, lineage, category: 'text', type: 'line' };
}
