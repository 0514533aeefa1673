/** The control plane's demo rows, written by prisma/seed.ts in a process of its own: JSON on stdin, JSON on stdout. */
import { join } from 'node:path';
import { root } from '../install.mjs';
import { childEnvironment, run } from '../run.mjs';
import { keep, readKept } from './data-folder.ts';
import type { DemoIdentity } from './report.ts';

export interface SeedPlace {
  readonly databaseUrl: string;
  readonly masterKeyFile: string;
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly gatewayName: string;
  readonly signal: AbortSignal;
}

/** One connection of the demo and the database behind it. */
export interface SeedTarget {
  readonly name: string;
  readonly env: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly listenerPort: number;
  readonly relayPort: number;
}

interface SeededIdentities {
  readonly identities: readonly DemoIdentity[];
  /** Null when the gateway is enrolled already. */
  readonly enrolToken: string | null;
}

async function callSeed(place: SeedPlace, phase: 'identities' | 'connections', more: object): Promise<unknown> {
  place.signal.throwIfAborted();
  const { databaseUrl, masterKeyFile, publicUrl, gatewayName } = place;
  const { code, text } = await run(process.execPath, ['--import', 'tsx', join(root, 'prisma/seed.ts')], {
    cwd: root,
    output: 'answer',
    env: childEnvironment({ NODE_ENV: 'production' }),
    input: JSON.stringify({ phase, databaseUrl, masterKeyFile, publicUrl, gatewayName, ...more }),
  });
  place.signal.throwIfAborted();
  if (code !== 0) throw new Error(`the demo's ${phase} could not be seeded (${code}); why stands above`);
  return JSON.parse(text);
}

/**
 * Makes the demo's people, agent and tokens, and a token to enrol the gateway with. Their secrets exist only here and in the
 * answer, so they are kept in the data folder and handed over again, for the seed to see that they still hold.
 */
export async function seedIdentities(place: SeedPlace): Promise<SeededIdentities> {
  const kept = readKept<readonly DemoIdentity[]>(place.dataDir, 'identities.json');
  const seeded = (await callSeed(place, 'identities', { identities: kept })) as SeededIdentities;
  keep(place.dataDir, 'identities.json', seeded.identities);
  return seeded;
}

/** Makes the demo's connections, or brings their addresses and ports up to date, with credentials sealed to the gateway. */
export async function seedConnections(
  place: SeedPlace,
  { gatewayId, targets }: { readonly gatewayId: string; readonly targets: readonly SeedTarget[] },
): Promise<void> {
  await callSeed(place, 'connections', { gatewayId, connections: targets });
}
