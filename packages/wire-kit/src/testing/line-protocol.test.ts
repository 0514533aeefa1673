/**
 * A toy protocol, to show that the suite and the interface ask nothing that only a database has: one statement a line, echoed by the
 * target, one refused word. `ok` or `error …` ends an answer.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Secret, SluiceError, unreadableFacts } from '@sluice/domain';
import { z } from 'zod';
import type { ProtocolManifest } from '../manifest.ts';
import type {
  AcceptRequest,
  FactsReader,
  RelayRequest,
  SessionEnd,
  StatementHandle,
  WireClient,
  WireProtocol,
  WireTarget,
} from '../protocol.ts';
import { conformance, type TargetLog, testConnection } from './conformance.ts';

const maxLineBytes = 64 * 1024;
const sinkMarkBytes = 64 * 1024;
const endless = new Set<Duplex>();

/** Lines of a stream; stops reading while `take` works on one, so that nothing piles up. */
class Lines {
  readonly stream: Duplex;
  #have: Buffer = Buffer.alloc(0);
  #wake: (() => void) | null = null;
  #over = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    const wake = (): void => this.#wake?.();
    stream.on('data', (chunk: Buffer) => {
      this.#have = Buffer.concat([this.#have, chunk]);
      if (this.#have.length > maxLineBytes) stream.pause();
      wake();
    });
    const over = (): void => {
      this.#over = true;
      wake();
    };
    stream.on('end', over).on('close', over).on('error', over);
  }

  get isOver(): boolean {
    return this.#over;
  }

  onChange(wake: () => void): void {
    this.#wake = wake;
  }

  /** The next line, or undefined when there is none yet. */
  take(): string | undefined {
    const end = this.#have.indexOf(10);
    if (end > maxLineBytes || (end < 0 && this.#have.length > maxLineBytes))
      throw new SluiceError('too-large', 'a line that is too long');
    if (end < 0) {
      this.stream.resume();
      return undefined;
    }
    const line = this.#have.toString('utf8', 0, end);
    this.#have = this.#have.subarray(end + 1);
    return line;
  }

  async next(): Promise<string | null> {
    for (;;) {
      const line = this.take();
      if (line !== undefined) return line;
      if (this.#over) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

class LineClient implements WireClient {
  readonly proof;
  readonly startup = {};
  readonly lines: Lines;
  readonly token = randomBytes(8).toString('hex');

  constructor(lines: Lines, secret: string) {
    this.lines = lines;
    this.proof = { type: 'secret', secret: new Secret(secret) } as const;
  }

  refuse({ message }: { readonly message: string }): Promise<void> {
    this.lines.stream.end(`error ${message}\n`);
    return Promise.resolve();
  }
}

class LineTarget implements WireTarget {
  readonly lines: Lines;
  readonly #connect: () => Promise<Duplex>;

  constructor(stream: Duplex, connect: () => Promise<Duplex>) {
    this.lines = new Lines(stream);
    this.#connect = connect;
  }

  async cancel(): Promise<void> {
    (await this.#connect()).end('cancel\n');
  }

  close(): Promise<void> {
    this.lines.stream.destroy();
    return Promise.resolve();
  }
}

async function acceptClient({ transport }: AcceptRequest): ReturnType<WireProtocol<LineClient>['acceptClient']> {
  const lines = new Lines(transport.stream);
  const first = (await lines.next()) ?? '';
  if (first.startsWith('cancel ')) return { type: 'cancel', token: first.slice(7) };
  return { type: 'session', client: new LineClient(lines, first) };
}

function relay(request: RelayRequest<LineClient, LineTarget, never>): Promise<SessionEnd> {
  const { client, target, inspector, facts, permit, signal } = request;
  permit.spend();
  return new Promise((resolve) => {
    let over = false;
    let running = 0;
    /** What runs, in order, and whether the first of them passed the limit of its result. */
    const handles: StatementHandle[] = [];
    let stopping = false;
    const hold = new AbortController();
    let cancelHold: (() => void) | null = null;
    const finish = (end: SessionEnd, lastWord = ''): void => {
      if (over) return;
      over = true;
      cancelHold?.();
      hold.abort();
      forget();
      client.lines.stream.end(lastWord);
      void (async () => {
        if (running > 0 && end.reason !== 'target-gone') await target.cancel();
        await target.close();
        resolve(end);
      })();
    };
    const forget = inspector.registerCancel(client.token, () => {
      if (cancelHold === null) void target.cancel();
      else cancelHold();
    });
    signal.addEventListener('abort', () => {
      const { message } = signal.reason as { message: string };
      finish({ reason: 'terminated', message }, `error ${message}\n`);
    });
    client.lines.stream.on('close', () => finish({ reason: 'client-gone', message: '' }));
    const fromTarget = async (): Promise<void> => {
      for (let line = await target.lines.next(); line !== null; line = await target.lines.next()) {
        const ends = line === 'ok' || line.startsWith('error');
        if (!ends && !stopping && handles[0]?.budget?.take(1, line.length) === false) {
          stopping = true;
          await target.cancel();
        }
        if (ends || !stopping) {
          const shown = stopping ? `error ${JSON.stringify(handles[0]?.stopped({ ran: line === 'ok' }).detail)}` : line;
          if (!client.lines.stream.write(`${shown}\n`)) await drained(client.lines.stream);
        }
        if (ends) {
          running--;
          stopping = false;
          handles.shift();
        }
        answered();
      }
      finish({ reason: 'target-gone', message: '' }, 'error the target went away\n');
    };
    let answered: () => void = () => undefined;
    const fromClient = async (): Promise<void> => {
      for (
        let text = await client.lines.next();
        text !== null && text !== 'bye' && !over;
        text = await client.lines.next()
      ) {
        const outcome = await facts.read({ language: 'line', text, session: null, sessionKey: '', catalogue: null });
        const state = { database: '', role: null, searchPath: null, inTransaction: false };
        const cancelled = new AbortController();
        cancelHold = () => cancelled.abort();
        client.lines.onChange(() => {
          if (client.lines.isOver) cancelled.abort();
        });
        const judgement = await inspector.judge({
          phase: 'run',
          language: 'line',
          text,
          outcome,
          binds: [],
          state,
          definitions: '',
          earlier: null,
          hold: {
            cancelled: cancelled.signal,
            maxWaitMs: null,
            readAgain: () => Promise.resolve({ outcome, state, definitions: '' }),
            waiting: () => undefined,
          },
        });
        cancelHold = null;
        if (over) return;
        // Answers stay in order: a refusal waits for what runs before it.
        while (running > 0)
          await new Promise<void>((wake) => {
            answered = wake;
          });
        if (judgement.type === 'refuse') {
          client.lines.stream.write(`error ${JSON.stringify(judgement.refusal.detail)}\n`);
        } else {
          judgement.permit.spend();
          running++;
          handles.push(judgement.statement);
          if (!target.lines.stream.write(`${text}\n`) && target.lines.stream.writableLength > sinkMarkBytes)
            await drained(target.lines.stream);
        }
        judgement.statement.ended();
      }
      while (running > 0 && !over)
        await new Promise<void>((wake) => {
          answered = wake;
        });
      finish({ reason: 'clean', message: '' });
    };
    client.lines.stream.write(`ready ${client.token}\n`);
    void fromTarget();
    fromClient().catch((error: unknown) =>
      finish({ reason: 'protocol-violation', message: String(error) }, 'error too long\n'),
    );
  });
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

const manifest: ProtocolManifest = {
  name: 'line',
  label: 'Lines',
  defaultPort: 7,
  replayView: 'exchange',
  abilities: { hold: true, maskResults: false, cancel: true, exec: false },
  optionsSchema: z.strictObject({}),
  optionFields: [],
  statementLabel: 'Line',
  highlight: 'plain',
  connectHints: () => [],
  tlsRequest: null,
  unavailable: (message) => new TextEncoder().encode(`error ${message}\n`),
};

const lineProtocol: WireProtocol<LineClient, LineTarget, never> = {
  manifest,
  acceptClient,
  dialTarget: async ({ connect, signal }) => new LineTarget(await connect(signal), () => connect(signal)),
  openKnowledge: () => Promise.resolve(null),
  relay,
  readText: async ({ text, facts }) => ({
    language: 'line',
    outcome: await facts.read({ language: 'line', text, session: null, sessionKey: '', catalogue: null }),
    state: { database: '', role: null, searchPath: null, inTransaction: false },
    uncarried: null,
  }),
  testTarget: () => Promise.resolve({ steps: [], warnings: [], roads: [] }),
  listSessions: null,
  rotatePassword: null,
};

const facts: FactsReader = {
  read: ({ text }) => ({
    ok: true,
    statements: [{ ...unreadableFacts('line', text, ''), kind: 'read', complete: true }],
  }),
};

function serveTarget(stream: Duplex, log: TargetLog): void {
  stream.on('data', (chunk: Buffer) => {
    log.bytesRead += chunk.length;
  });
  const lines = new Lines(stream);
  void (async () => {
    for (let line = await lines.next(); line !== null; line = await lines.next()) {
      if (line === 'cancel') {
        log.cancels++;
        for (const sleeper of endless) sleeper.write('error cancelled\n');
        endless.clear();
        break;
      }
      log.statements.push(line);
      if (line === 'sleep') endless.add(stream);
      else if (line === 'large')
        for (let i = 0; i < 9_000; i++) stream.write(`${'x'.repeat(1_023)}${i === 8_999 ? '\nok' : ''}\n`);
      else stream.write(`echo ${line}\nok\n`);
    }
    stream.end();
  })();
}

const answers = (received: Buffer): number => received.toString('latin1').match(/^(ok|error .*)$/gm)?.length ?? 0;

conformance({
  protocol: lineProtocol,
  connection: testConnection('line', {}),
  facts,
  serveTarget,
  handshake: [{ send: Buffer.from('secret\n'), until: () => true }],
  ready: (received) => received.toString().startsWith('ready ') && received.includes(10),
  statement: (text) => Buffer.from(`${text}\n`),
  answers,
  allowed: 'hello',
  bulky: 'hello '.repeat(1_000),
  large: 'large',
  endless: 'sleep',
  denied: 'drop everything',
  isRefusal: (received) => received.includes('"sluice":1'),
  oversize: Array.from({ length: 64 }, () => Buffer.alloc(4_096, 'x')),
  goodbye: Buffer.from('bye\n'),
  cancel: (received) => Buffer.from(`cancel ${/^ready (\w+)/.exec(received.toString())?.[1]}\n`),
});
