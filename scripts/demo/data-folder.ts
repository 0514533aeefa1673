/** What a demo keeps in its data folder: secrets, ports, and who runs it. */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, processIdentity } from '../postgres.mjs';

const KEY_BYTES = 32;
const PASSWORD_BYTES = 18;

export interface DemoPorts {
  readonly web: number;
  readonly controlPostgres: number;
  readonly targetPostgres: number;
  readonly targetSsh: number;
  /** One of each per connection, in order. */
  readonly listeners: readonly number[];
  readonly relays: readonly number[];
  /** Where connections that are made later get theirs. */
  readonly listenerRange: PortRange;
  readonly relayRange: PortRange;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface DemoSecrets {
  readonly authSecret: string;
  readonly controlPassword: string;
  readonly controlRolePassword: string;
  readonly targetPassword: string;
  readonly targetRolePassword: string;
  readonly targetReaderPassword: string;
}

function writePrivately(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Reads a JSON file of this folder; null when there is none. */
export function readKept<T>(dataDir: string, name: string): T | null {
  const file = join(dataDir, name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : null;
}

export function keep(dataDir: string, name: string, value: unknown): void {
  writePrivately(join(dataDir, name), `${JSON.stringify(value, null, 2)}\n`);
}

export function keptSecrets(dataDir: string): DemoSecrets {
  const found = readKept<Partial<DemoSecrets>>(dataDir, 'secrets.json');
  const made = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');
  const secrets: DemoSecrets = {
    authSecret: randomBytes(KEY_BYTES).toString('base64url'),
    controlPassword: made(),
    controlRolePassword: made(),
    targetPassword: made(),
    targetRolePassword: made(),
    targetReaderPassword: made(),
    // A folder of before may lack some of them.
    ...found,
  };
  keep(dataDir, 'secrets.json', secrets);
  return secrets;
}

/** The file of the key that the control plane seals its own keys with. */
export function masterKeyFile(dataDir: string): string {
  const file = join(dataDir, 'master.key');
  if (!existsSync(file)) writePrivately(file, randomBytes(KEY_BYTES).toString('base64url'));
  return file;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

const RANGE_PORTS = 100;
/** The control plane's and the gateway's own defaults. */
const DEFAULT_LISTENER = 15_432;
const DEFAULT_RELAY = 16_432;
/** Ranges of a demo on free ports lie here: registered to few, and below what systems give to outgoing connections. */
const FREE_RANGES = { from: 20_000, to: 32_000 };

function rangeFrom(from: number): PortRange {
  return { from, to: from + RANGE_PORTS - 1 };
}

/** Two ranges that hardly another demo on this machine has. */
function someRanges(): readonly [PortRange, PortRange] {
  const places = (FREE_RANGES.to - FREE_RANGES.from) / RANGE_PORTS / 2;
  const from = FREE_RANGES.from + randomInt(places) * 2 * RANGE_PORTS;
  return [rangeFrom(from), rangeFrom(from + RANGE_PORTS)];
}

/**
 * Ports for a start: those of the last start where they are free, else others. `webPort` 0 takes free ones for everything; a number
 * must be free, because people and links name it.
 */
export async function choosePorts(dataDir: string, webPort: number, connections: number): Promise<DemoPorts> {
  const kept = readKept<DemoPorts>(dataDir, 'ports.json');
  const taken = new Set<number>();
  const take = async (...wishes: (number | undefined)[]): Promise<number> => {
    for (const wish of wishes) {
      if (wish !== undefined && wish > 0 && !taken.has(wish) && (await isFree(wish))) {
        taken.add(wish);
        return wish;
      }
    }
    for (;;) {
      const port = await freePort();
      if (!taken.has(port)) {
        taken.add(port);
        return port;
      }
    }
  };
  if (webPort !== 0 && !(await isFree(webPort))) {
    throw new Error(
      `port ${webPort} is in use: stop what listens there, or choose another with --port (0 takes a free one)`,
    );
  }
  const [listenerRange, relayRange] =
    webPort !== 0 ? [rangeFrom(DEFAULT_LISTENER), rangeFrom(DEFAULT_RELAY)] : someRanges();
  const web = await take(webPort === 0 ? kept?.web : webPort);
  const listeners: number[] = [];
  const relays: number[] = [];
  for (let index = 0; index < connections; index++) {
    listeners.push(await take(kept?.listeners[index], listenerRange.from + index));
    relays.push(await take(kept?.relays[index], relayRange.from + index));
  }
  const ports: DemoPorts = {
    web,
    controlPostgres: await take(kept?.controlPostgres),
    targetPostgres: await take(kept?.targetPostgres),
    targetSsh: await take(kept?.targetSsh),
    listeners,
    relays,
    listenerRange: (webPort === 0 ? kept?.listenerRange : undefined) ?? listenerRange,
    relayRange: (webPort === 0 ? kept?.relayRange : undefined) ?? relayRange,
  };
  keep(dataDir, 'ports.json', ports);
  return ports;
}

interface Running {
  readonly supervisor: string;
  readonly services: readonly string[];
}

/** After kill -9 a process is gone at once, unless the machine is very busy. */
const LEFTOVER_WAIT_MS = 5_000;
const POLL_MS = 20;

/**
 * Takes the folder for this process and ends what a killed supervisor left running. Throws when another one is at work here.
 */
export async function takeFolder(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const running = readKept<Running>(dataDir, 'running.json');
  if (running !== null && sameProcess(running.supervisor)) {
    throw new Error(
      `${dataDir} is in use by process ${pidOf(running.supervisor)}: stop that one first, or choose another --data-dir`,
    );
  }
  for (const service of (running?.services ?? []).filter(sameProcess)) {
    try {
      process.kill(-pidOf(service), 'SIGKILL'); // its group: its children too
    } catch {
      // it ended meanwhile
    }
    for (const until = Date.now() + LEFTOVER_WAIT_MS; sameProcess(service) && Date.now() < until; )
      await sleep(POLL_MS);
  }
  noteRunning(dataDir, []);
}

function pidOf(identity: string): number {
  return Number(identity.split(' ')[0]);
}

function sameProcess(identity: string): boolean {
  return processIdentity(pidOf(identity)) === identity;
}

/** Keeps who runs, so that a start after kill -9 finds what is left. */
export function noteRunning(dataDir: string, pids: readonly (number | null)[]): void {
  const services = pids.flatMap((pid) => (pid === null ? [] : (processIdentity(pid) ?? [])));
  keep(dataDir, 'running.json', { supervisor: processIdentity(process.pid) ?? '', services } satisfies Running);
}

export function leaveFolder(dataDir: string): void {
  rmSync(join(dataDir, 'running.json'), { force: true });
}
