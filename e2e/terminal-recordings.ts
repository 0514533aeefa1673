/**
 * Terminals for tests and measures: a gateway of its own, enrolled like any other, whose recordings are made by the real recorder with a
 * clock that is told and come in through the real door. What is played back was written by real programs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor } from '@sluice/domain';
import { generateSigningKeys, newId, type SigningKeys } from '@sluice/keys';
import { generateSealingKeys } from '@sluice/keys/sealing';
import { fileSpool, type NewEvent, SpoolPusher, SpoolWriter, TerminalRecorder } from '@sluice/recording';
import { capabilities } from '../apps/gateway/src/bundles.ts';
import { ControlPlane } from '../apps/gateway/src/control-plane.ts';
import { gatewayVersion } from '../apps/gateway/src/version.ts';
import { eventually, type Stack } from './stack.ts';

/** A session that is being recorded. The clock moves by `wait`, and a chunk is sealed whenever half a second has passed. */
export interface RecordedSession {
  readonly sessionId: string;
  readonly terminal: TerminalRecorder;
  readonly append: (event: NewEvent) => void;
  readonly now: () => number;
  readonly wait: (ms: number) => void;
  /** Seals what there is and waits until it is stored. */
  readonly stored: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const sealEveryMs = 500;

export class RecordingGateway {
  readonly #stack: Stack;
  readonly #gatewayId: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'sluice-terminals-'));
  readonly #store = fileSpool(join(this.#dir, 'spool'));
  readonly #pusher: SpoolPusher;
  readonly #writer: SpoolWriter;
  #now = Date.now();

  private constructor(stack: Stack, gatewayId: string, keys: SigningKeys, controlPlane: ControlPlane) {
    this.#stack = stack;
    this.#gatewayId = gatewayId;
    this.#pusher = new SpoolPusher({
      store: this.#store,
      push: (sessionId, index, bytes) => controlPlane.pushChunk(sessionId, index, bytes),
      // What could not be pushed is tried again.
      onFault: () => undefined,
    });
    this.#writer = new SpoolWriter({
      store: this.#store,
      keys,
      gatewayId,
      now: () => this.#now,
      onFault: (message, error) => {
        throw new Error(message, { cause: error });
      },
      onChunk: () => this.#pusher.wake(),
    });
  }

  static async enrol(stack: Stack, name: string): Promise<RecordingGateway> {
    const api = stack.api('admin');
    const [demo] = await api.gateways.listGateways.query();
    const { token } = await api.gateways.createEnrolment.mutate({ name, groupId: demo?.group.id ?? '' });
    const keys = generateSigningKeys();
    const controlPlane = new ControlPlane(stack.report.url, keys, null);
    const { gatewayId } = await controlPlane.enrol({
      token,
      name,
      signingKey: keys.publicKey,
      sealingKey: (await generateSealingKeys()).publicKey,
      version: gatewayVersion,
      hostname: 'localhost',
      capabilities,
    });
    return new RecordingGateway(stack, gatewayId, keys, controlPlane);
  }

  /** Opens a session of somebody with one terminal. `startedAt` in ms since the epoch. */
  async open(actor: Actor, startedAt: number, size = { columns: 100, rows: 30 }): Promise<RecordedSession> {
    const [connection] = await this.#stack.api('admin').connections.listConnections.query({});
    if (connection === undefined) throw new Error('the demo has no connection');
    this.#now = startedAt;
    const sessionId = newId();
    const recorder = this.#writer.openSession(sessionId);
    let sealedAt = startedAt;
    recorder.append(
      {
        type: 'session.opened',
        sessionId,
        connection: {
          id: connection.id,
          name: connection.name,
          protocol: connection.protocol,
          revision: 1,
          labels: {},
        },
        actor,
        gateway: { id: this.#gatewayId, startId: newId() },
        client: { address: '192.0.2.7:50022', startup: {} },
        policyVersion: 1,
        path: 'native',
      },
      { durable: true },
    );
    const append = (event: NewEvent) => void recorder.append(event, { durable: false });
    const sink = {
      append,
      now: () => this.#now,
      onFault: (error: unknown) => {
        throw error;
      },
    };
    const terminal = new TerminalRecorder(sink, {
      terminalId: newId(),
      statementId: null,
      ...size,
      term: 'xterm-256color',
    });
    const stored = async () => {
      terminal.flush();
      recorder.flush();
      await eventually(
        'every chunk is stored',
        () => Promise.resolve(!this.#store.sessions.has(sessionId) || this.#idle(sessionId)),
        600_000,
      );
    };
    return {
      sessionId,
      terminal,
      append,
      now: () => this.#now,
      wait: (ms) => {
        terminal.flush();
        this.#now += ms;
        if (this.#now - sealedAt < sealEveryMs) return;
        recorder.flush();
        sealedAt = this.#now;
      },
      stored,
      close: async () => {
        terminal.closed({ exitCode: 0, signal: null });
        recorder.close({
          type: 'session.closed',
          reason: 'clean',
          message: 'the client said goodbye',
          statements: 1,
          held: 0,
          denied: 0,
        });
        await stored();
      },
    };
  }

  async stop(): Promise<void> {
    this.#writer.stop();
    await this.#pusher.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Only the open file is left. */
  #idle(sessionId: string): boolean {
    return (this.#store.sessions.get(sessionId)?.chunks.length ?? 0) === 0;
  }
}

export async function actorOf(stack: Stack, name: string): Promise<Actor> {
  const me = await stack.api(name).identities.showMe.query();
  const { id } = me.person;
  return { id, kind: 'person', name, role: 'member', groups: [], onBehalfOf: null, runId: null };
}

/** What a program writes to a terminal. Empty where it, or `script`, is not there. */
export function capture(command: string, seconds = 6): string {
  const { stdout } = spawnSync('timeout', [String(seconds), 'script', '-qfec', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color', COLUMNS: '100', LINES: '30' },
    encoding: 'utf8',
    input: '',
    maxBuffer: 16 * 1_048_576,
  });
  return stdout;
}

/** A command typed key by key, as a shell echoes it. */
export function type(session: RecordedSession, command: string, keyMs = 90): void {
  for (const key of command) {
    session.terminal.input(Buffer.from(key));
    session.terminal.output(Buffer.from(key));
    session.wait(keyMs);
  }
  session.terminal.input(Buffer.from('\r'));
  session.terminal.output(Buffer.from('\r\n'));
  session.wait(40);
}

/** Output in pieces of a network's size, with pauses between. */
export function print(session: RecordedSession, output: string, pieceCharacters = 1_400, pauseMs = 20): void {
  for (let from = 0; from < output.length; from += pieceCharacters) {
    session.terminal.output(Buffer.from(output.slice(from, from + pieceCharacters)));
    session.wait(pauseMs);
  }
}
