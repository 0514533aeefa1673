/** The demo's connection to an SSH target on this machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../install.mjs';
import type { DemoPorts } from './data-folder.ts';
import { sshProtocol } from './report.ts';
import type { SeedTarget } from './seeding.ts';
import type { Service } from './service.ts';
import { createService } from './service.ts';

const GRACE_MS = 1_000;

export interface SshTargetNews {
  readonly onLine: (line: string) => void;
  readonly onNews: (text: string) => void;
  readonly onLaunch: () => void;
}

export function createSshTarget(dataDir: string, port: number, news: SshTargetNews): Service {
  return createService({
    name: 'ssh target',
    args: [join(root, 'scripts/demo/ssh-target.mjs'), join(dataDir, 'ssh-target'), String(port)],
    env: () => ({}),
    graceMs: GRACE_MS,
    ...news,
  });
}

/** The connection to it, by what it said when it was up. */
export function sshConnection(said: Record<string, unknown>, ports: DemoPorts): SeedTarget {
  return {
    name: 'demo-ssh',
    env: 'prod',
    protocol: sshProtocol,
    host: '127.0.0.1',
    port: ports.targetSsh,
    database: '',
    options: { hostKey: String(said.hostKey), terminal: 'people' },
    username: String(said.username),
    password: readFileSync(String(said.keyFile), 'utf8'),
    reader: null,
    listenerPort: ports.listeners.at(-1) ?? 0,
    relayPort: ports.relays.at(-1) ?? 0,
  };
}
