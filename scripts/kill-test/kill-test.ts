/**
 * Kills parts of a running Sluice at random moments and then compares: what clients and the API were told against recordings and audit
 * chain, and the target's own statement log against recordings.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Stack } from '../../e2e/stack.ts';
import {
  decodeEvents,
  readChunk,
  readExport,
  readGatewaySessions,
  verifyAuditExport,
  verifyGatewayExport,
} from '../../packages/recording/src/index.ts';
import { Workload } from './workload.ts';

export const victims = ['gateway', 'control plane', 'database'] as const;
export type Victim = (typeof victims)[number];

/** Kills come at a random moment of this many ms after everything works again. */
const momentWithinMs = 1_500;
/** A killed part is back within this many ms, also on a loaded machine. */
const backWithinMs = 180_000;
/** After the last kill everything spooled arrives within this many ms. */
const drainedWithinMs = 300_000;

export interface KillReport {
  readonly kills: Readonly<Record<Victim, number>>;
  readonly sent: number;
  readonly acknowledged: number;
  /** Marks of statements in the target's own log. */
  readonly atTarget: number;
  readonly recorded: number;
  readonly sessions: number;
  readonly checkpoints: number;
  readonly mutations: number;
  /** Acknowledged, and in no recording. */
  readonly lost: readonly string[];
  /** In the target's log, and in no recording. */
  readonly unrecorded: readonly string[];
  /** Acknowledged mutations that the audit chain lacks. */
  readonly lostMutations: readonly string[];
  /** What the verifiers say of the gateway's export and of the audit chain's. */
  readonly problems: readonly string[];
}

export interface KillOptions {
  readonly times: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Runs the workload through the kills and reports. The stack is left running. */
export async function killTest(stack: Stack, { times, seed, say }: KillOptions): Promise<KillReport> {
  const random = randomFrom(seed);
  await logStatements(stack);
  const workload = new Workload(stack);
  workload.start();
  const stuck: string[] = [];
  const kills: Record<Victim, number> = { gateway: 0, 'control plane': 0, database: 0 };
  for (let kill = 1; kill <= times; kill += 1) {
    const victim = victims[Math.floor(random() * victims.length)] ?? 'gateway';
    await sleep(random() * momentWithinMs);
    const before = workload.acknowledged.size;
    const pid = pidOf(stack, victim);
    process.kill(pid, 'SIGKILL');
    kills[victim] += 1;
    let up = false;
    try {
      await eventually(
        `${victim} is back after kill ${kill}`,
        async () => {
          up ||= await isUp(stack, victim, pid);
          return up && workload.acknowledged.size > before;
        },
        backWithinMs,
      );
    } catch (error) {
      // What was told until then is compared all the same.
      stuck.push(`${String(error)} (${up ? 'it is up, but no statement was answered' : 'it is not up'})`);
      break;
    }
    if (kill % 10 === 0 || kill === times) say(`${kill} kills, ${workload.acknowledged.size} statements acknowledged`);
  }
  await workload.stop();
  const report = await compare(stack, workload, kills, say);
  return { ...report, problems: [...stuck, ...report.problems] };
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function logStatements(stack: Stack): Promise<void> {
  const target = await stack.direct();
  try {
    await target.query("ALTER SYSTEM SET log_statement = 'all'");
    await target.query('SELECT pg_reload_conf()');
  } finally {
    await target.end();
  }
}

function pidOf(stack: Stack, victim: Victim): number {
  if (victim === 'database')
    return Number(readFileSync(join(stack.report.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
  return processOf(stack.pid, victim === 'gateway' ? 'gateway.cjs' : 'server.mjs');
}

/** The process below `ancestor` whose command line has the word. */
function processOf(ancestor: number, word: string): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const processes = lines.flatMap((line) => {
    const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args: args ?? '' }];
  });
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const isBelow = (pid: number): boolean => {
    for (let at = pid; at > 1; at = parents.get(at) ?? 0) if (at === ancestor) return true;
    return false;
  };
  const found = processes.find(({ pid, args }) => args.includes(word) && isBelow(pid));
  if (found === undefined) throw new Error(`no process ${word}`);
  return found.pid;
}

async function isUp(stack: Stack, victim: Victim, killed: number): Promise<boolean> {
  try {
    if (pidOf(stack, victim) === killed) return false;
    const gateways = await stack.api('admin').gateways.listGateways.query();
    return gateways.some(({ health }) => health === 'online');
  } catch {
    return false;
  }
}

async function compare(
  stack: Stack,
  workload: Workload,
  kills: Readonly<Record<Victim, number>>,
  say: (line: string) => void,
): Promise<KillReport> {
  const gateway = await drained(stack);
  say('everything spooled has arrived; comparing');
  const file = await eventually(
    'the last checkpoint names every session',
    () => wholeExport(stack, gateway),
    drainedWithinMs,
  );
  const verdict = verifyGatewayExport(file);
  const recorded = new Set(recordedTexts(file).flatMap(marksIn));
  const atTarget = new Set(targetLog(stack).flatMap(marksIn));
  const audit = await download(stack, '/api/audit/export');
  const auditVerdict = verifyAuditExport(audit.toString('utf8'));
  const created = new Set(audit.toString('utf8').match(/kt-group-\d+/g));
  return {
    kills,
    sent: workload.sent,
    acknowledged: workload.acknowledged.size,
    atTarget: atTarget.size,
    recorded: recorded.size,
    sessions: verdict.sessions,
    checkpoints: verdict.checkpoints,
    mutations: workload.mutations.size,
    lost: Array.from(workload.acknowledged).filter((mark) => !recorded.has(mark)),
    unrecorded: Array.from(atTarget).filter((mark) => !recorded.has(mark)),
    lostMutations: Array.from(workload.mutations).filter((name) => !created.has(name)),
    problems: [
      ...verdict.problems.map(
        ({ part, sessionId, index, what }) => `${part} ${sessionId ?? ''} ${index ?? ''} ${what}`,
      ),
      ...auditVerdict.problems,
    ],
  };
}

/** Waits until the gateway has no session open and nothing in its spool. Returns its id. */
function drained(stack: Stack): Promise<string> {
  return eventually(
    'the spool is empty',
    async () => {
      const gateways = await stack
        .api('admin')
        .gateways.listGateways.query()
        .catch(() => []);
      const gateway = gateways.find(({ health }) => health === 'online');
      return gateway !== undefined && gateway.openSessions === 0 && gateway.spoolChunks === 0 ? gateway.id : null;
    },
    drainedWithinMs,
  );
}

/** The gateway's export once its newest checkpoint names the last link; null before. */
async function wholeExport(stack: Stack, gatewayId: string): Promise<Buffer | null> {
  const path = `/api/gateways/${gatewayId}/recordings`;
  const first = await download(stack, path);
  // One more checkpoint may be under way: two exports that hold the same links are the whole.
  await sleep(7_000);
  const second = await download(stack, path);
  return verifyGatewayExport(first).range?.to === verifyGatewayExport(second).range?.to ? second : null;
}

async function download(stack: Stack, path: string): Promise<Buffer> {
  const { apiToken } = stack.who('admin');
  const answer = await fetch(`${stack.report.url}${path}`, { headers: { authorization: `Bearer ${apiToken}` } });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

function recordedTexts(file: Buffer): string[] {
  return readGatewaySessions(file)
    .flatMap(({ file: session }) => readExport(session).chunks)
    .flatMap((chunk) => decodeEvents(readChunk(chunk)))
    .flatMap((event) => (event.type === 'statement.judged' ? [event.text] : []));
}

/** The target's log, the part that was rolled over included. */
function targetLog(stack: Stack): string[] {
  return ['server.log.1', 'server.log'].flatMap((name) => {
    try {
      return readFileSync(join(stack.report.dataDir, 'target', name), 'utf8').split('\n');
    } catch {
      return [];
    }
  });
}

function marksIn(text: string): string[] {
  return text.match(/kt_\d+_\d+_\d+/g) ?? [];
}
