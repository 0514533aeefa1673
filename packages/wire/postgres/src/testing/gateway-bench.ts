/** A real server, a gateway before it and clients at both: what tests of the relay stand on. */
import pg from 'pg';
import { languageFacts } from './language-facts.ts';
import { openRawClient, type RawClient } from './raw-client.ts';
import { type RealTarget, type RealTargetVersion, startRealTarget } from './real-target.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions, type TestTargetAddress } from './test-gateway.ts';

export interface GatewayBenchOptions extends Partial<TestGatewayOptions> {
  /** Run by a superuser before the gateway reads the catalogue. */
  readonly setUp?: string;
  /** With which credential the gateway opens; default: the target's own. */
  readonly writer?: Pick<TestTargetAddress, 'username' | 'password'>;
}

export interface GatewayBench {
  readonly target: RealTarget;
  readonly gateway: TestGateway;
  /** A superuser's session past the gateway. */
  readonly direct: pg.Client;
  /** A client at the gateway, until `dropClients`. */
  open(parameters?: readonly (readonly [string, string])[]): Promise<RawClient>;
  /** The same at the server itself. */
  openDirect(): Promise<RawClient>;
  dropClients(): void;
  stop(): Promise<void>;
}

/** The real language and the catalogue, unless `options` say otherwise. */
export async function startGatewayBench(
  version: RealTargetVersion,
  { setUp, writer, ...options }: GatewayBenchOptions = {},
): Promise<GatewayBench> {
  const target = await startRealTarget(version);
  const direct = await openSuperuser(target);
  if (setUp !== undefined) await direct.query(setUp);
  const facts = options.facts ?? (await languageFacts());
  const gateway = await startTestGateway({ ...target, ...writer }, { withKnowledge: true, ...options, facts });
  const clients: RawClient[] = [];
  const openAt = async (port: number, parameters: readonly (readonly [string, string])[] = []): Promise<RawClient> => {
    const client = await openRawClient(port, target, parameters);
    clients.push(client);
    return client;
  };
  return {
    target,
    gateway,
    direct,
    open: (parameters) => openAt(gateway.port, parameters),
    openDirect: () => openAt(target.port),
    dropClients: () => {
      for (const client of clients.splice(0)) client.party.stream.destroy();
    },
    stop: async () => {
      await direct.end();
      await gateway.close();
      await target.stop();
    },
  };
}

export async function openSuperuser({ port, password, database }: RealTarget): Promise<pg.Client> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
  await client.connect();
  return client;
}
