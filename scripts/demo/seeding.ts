/** The control plane's demo rows, written by prisma/seed.ts; their secrets are kept in the data folder. */
import { seedDemo } from '../../prisma/seed.ts';
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
  /** The protocol's own; absent: the database alone. */
  readonly options?: Readonly<Record<string, string>>;
  readonly username: string;
  readonly password: string;
  /** As which agents open; null: as everybody else. */
  readonly reader: { readonly username: string; readonly password: string } | null;
  readonly listenerPort: number;
  readonly relayPort: number;
}

interface SeededIdentities {
  readonly identities: readonly DemoIdentity[];
  /** Null when the gateway is enrolled already. */
  readonly enrolToken: string | null;
}

/**
 * Makes the demo's people, agent and tokens, and a token to enrol the gateway with. Their secrets exist only here and in the
 * answer, so they are kept in the data folder and handed over again, for the seed to see that they still hold.
 */
export async function seedIdentities(place: SeedPlace): Promise<SeededIdentities> {
  const kept = readKept<readonly DemoIdentity[]>(place.dataDir, 'identities.json');
  const seeded = (await seedDemo({
    phase: 'identities',
    ...rows(place),
    identities: kept === null ? null : [...kept],
  })) as SeededIdentities;
  keep(place.dataDir, 'identities.json', seeded.identities);
  return seeded;
}

/** Makes the demo's connections, or brings their addresses and ports up to date, with credentials sealed to the gateway. */
export async function seedConnections(
  place: SeedPlace,
  { gatewayId, targets }: { readonly gatewayId: string; readonly targets: readonly SeedTarget[] },
): Promise<void> {
  await seedDemo({ phase: 'connections', ...rows(place), gatewayId, connections: [...targets] });
}

function rows({ signal, databaseUrl, masterKeyFile, publicUrl, gatewayName }: SeedPlace) {
  signal.throwIfAborted();
  return { databaseUrl, masterKeyFile, publicUrl, gatewayName };
}
