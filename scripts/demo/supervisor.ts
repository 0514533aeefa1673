/**
 * The demo that `npm start` runs: two Postgres servers, the control plane and a gateway, each started again when it dies, all ended
 * in order. Everything it keeps lies in one data folder.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../install.mjs';
import type { PostgresOptions, RunningPostgres } from '../postgres.mjs';
import { startPostgres } from '../postgres.mjs';
import { prepareControl } from './control-database.ts';
import type { DemoPorts, DemoSecrets } from './data-folder.ts';
import { choosePorts, keptSecrets, leaveFolder, masterKeyFile, noteRunning, takeFolder } from './data-folder.ts';
import type { Output } from './output.ts';
import { createOutput } from './output.ts';
import { selectThroughEveryPort } from './probe.ts';
import type { DemoConnection, DemoReport } from './report.ts';
import { renderScreen, sshProtocol } from './report.ts';
import type { SeedTarget } from './seeding.ts';
import { seedConnections, seedIdentities } from './seeding.ts';
import type { Service } from './service.ts';
import { createService } from './service.ts';
import { createSshTarget, sshConnection } from './ssh-demo.ts';
import { letRead, makeDemoDatabases, makeTargetRole } from './target-data.ts';

export interface DemoOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly json: boolean;
}

export interface Demo {
  /** Starts the programs once they are built. Resolves when a SELECT through every port has succeeded and the report is printed. */
  start(built: Promise<unknown>): Promise<void>;
  /** Ends everything, within 10 s. Idempotent; works at any moment of `start`. */
  stop(): Promise<void>;
}

const targetRole = 'sluice_app';
const targetReader = 'sluice_reader';
const gatewayName = 'demo-gateway';
const demoConnections = [
  { name: 'demo-postgres', env: 'prod', database: 'demo' },
  { name: 'demo-postgres-staging', env: 'staging', database: 'demo_staging' },
] as const;

/** Together with the servers' own bounds below the 10 s in which everything ends. */
const GATEWAY_GRACE_MS = 3_000;
const WEB_GRACE_MS = 2_000;
const POSTGRES_RETRY_MS = 1_000;

export function createDemo(options: DemoOptions): Demo {
  const { dataDir } = options;
  const aborter = new AbortController();
  const output = createOutput(dataDir, options.json);
  const running: {
    folder: boolean;
    web: Service | null;
    gateway: Service | null;
    ssh: Service | null;
    servers: Promise<Server>[];
  } = { folder: false, web: null, gateway: null, ssh: null, servers: [] };
  const noteServices = (): void => {
    if (!aborter.signal.aborted)
      noteRunning(
        dataDir,
        [running.web, running.gateway, running.ssh].map((service) => service?.pid() ?? null),
      );
  };
  let stopped: Promise<void> | null = null;

  const server = (name: string, settings: PostgresOptions): Promise<Server> => {
    aborter.signal.throwIfAborted();
    const kept = keepServer(name, settings, output, aborter.signal);
    running.servers.push(kept);
    return kept;
  };

  /** Without it the demo is smaller, not broken. */
  const sshTarget = async (ports: DemoPorts): Promise<SeedTarget[]> => {
    aborter.signal.throwIfAborted();
    running.ssh = createSshTarget(dataDir, ports.targetSsh, {
      onLine: (line) => output.line('ssh target', line),
      onNews: output.news,
      onLaunch: noteServices,
    });
    try {
      return [sshConnection(await running.ssh.start(), ports)];
    } catch (error) {
      output.news(`there is no SSH target: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  };

  const start = async (built: Promise<unknown>): Promise<void> => {
    await takeFolder(dataDir);
    running.folder = true;
    const secrets = keptSecrets(dataDir);
    const ports = await choosePorts(dataDir, options.port, demoConnections.length + 1);
    const url = `http://localhost:${ports.web}`;
    const [databaseUrl, databases] = await Promise.all([
      server('control plane Postgres', {
        dataDir: join(dataDir, 'postgres'),
        version: '18',
        port: ports.controlPostgres,
        password: secrets.controlPassword,
      }).then((control) => prepareControl(control.url, secrets.controlRolePassword)),
      server('target Postgres', {
        dataDir: join(dataDir, 'target'),
        version: '15',
        port: ports.targetPostgres,
        password: secrets.targetPassword,
      }).then((target) => prepareTarget(target, secrets, ports)),
    ]);
    const seed = {
      databaseUrl,
      masterKeyFile: masterKeyFile(dataDir),
      publicUrl: url,
      dataDir,
      gatewayName,
      signal: aborter.signal,
    };
    const { identities, enrolToken } = await seedIdentities(seed);
    await built;
    const targets = [...databases, ...(await sshTarget(ports))];

    running.web = createService({
      name: 'web',
      args: [join(root, 'apps/web/dist/server.mjs')],
      cwd: join(root, 'apps/web'),
      env: () => webEnvironment(dataDir, databaseUrl, url, ports, secrets),
      graceMs: WEB_GRACE_MS,
      onLine: (line) => output.line('web', line),
      onNews: output.news,
      onLaunch: noteServices,
    });
    aborter.signal.throwIfAborted();
    await running.web.start();
    const ca = await fetchCa(url, aborter.signal);
    const caFile = join(dataDir, 'ca.pem');
    writeFileSync(caFile, ca);

    running.gateway = createService({
      name: 'gateway',
      args: [join(root, 'apps/gateway/dist/gateway.cjs'), 'run'],
      env: () => gatewayEnvironment(dataDir, url, ports, enrolToken),
      graceMs: GATEWAY_GRACE_MS,
      onLine: (line) => output.line('gateway', line),
      onNews: output.news,
      onLaunch: noteServices,
    });
    aborter.signal.throwIfAborted();
    const said = await running.gateway.start();
    await seedConnections(seed, { gatewayId: String(said.gatewayId), targets });

    const connections = targets.map(
      (target): DemoConnection => ({
        name: target.name,
        protocol: target.protocol,
        host: 'localhost',
        port: target.listenerPort,
        relayHost: 'localhost',
        relayPort: target.relayPort,
        database: target.database,
        username: 'sluice',
        labels: { env: target.env },
        caFile,
      }),
    );
    const checker = identities.find((identity) => identity.kind === 'admin') ?? identities[0];
    if (checker === undefined) throw new Error('the seed made no identities');
    const probed = connections.filter(({ protocol }) => protocol !== sshProtocol);
    await selectThroughEveryPort(probed, checker, ca, aborter.signal);
    const dsn = (database: string): string =>
      `postgresql://postgres:${secrets.targetPassword}@127.0.0.1:${ports.targetPostgres}/${database}`;
    const report: DemoReport = {
      url,
      dataDir,
      identities,
      connections,
      targets: [
        ...databases.map(({ name, database }) => ({ name, dsn: dsn(database) })),
        ...targets
          .filter(({ protocol }) => protocol === sshProtocol)
          .map(({ name, username, port }) => ({ name, dsn: `ssh://${username}@127.0.0.1:${port}` })),
      ],
    };
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${renderScreen(report)}\n`);
  };

  const stop = async (): Promise<void> => {
    aborter.abort(new Error('stopped'));
    await running.gateway?.stop(); // drains: what it still has to push goes to a control plane that is there
    await running.ssh?.stop();
    await running.web?.stop();
    // One that is just coming up is waited for, then ended; one that never came up has nothing to end.
    await Promise.allSettled(running.servers.map(async (kept) => (await kept).stop()));
    if (running.folder) leaveFolder(dataDir);
    await output.close();
  };

  return {
    start,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Postgres that is started again, at the same port, when it ends unasked. */
async function keepServer(
  name: string,
  settings: PostgresOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Server> {
  let server: RunningPostgres = await startPostgres(settings);
  let restarting: Promise<void> = Promise.resolve();
  const watch = (): void => {
    void server.exited.then(({ code, signal: by }) => {
      if (signal.aborted) return;
      output.news(`${name} ended (${by ?? code}), starting it again`);
      restarting = bringBack();
    });
  };
  const bringBack = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        server = await startPostgres(settings);
        watch();
        return;
      } catch (error) {
        output.news(`${name} does not come back: ${error instanceof Error ? error.message : String(error)}`);
        await sleep(POSTGRES_RETRY_MS);
      }
    }
  };
  watch();
  return {
    url: server.url,
    stop: async () => {
      await restarting;
      await server.stop();
    },
  };
}

async function prepareTarget(server: Server, secrets: DemoSecrets, ports: DemoPorts): Promise<SeedTarget[]> {
  const role = { name: targetRole, password: secrets.targetRolePassword };
  const reader = { name: targetReader, password: secrets.targetReaderPassword };
  await makeTargetRole(server.url, role);
  await makeTargetRole(server.url, reader);
  await makeDemoDatabases(
    server.url,
    role,
    demoConnections.map((connection) => connection.database),
  );
  for (const { database } of demoConnections) await letRead(server.url, database, role, reader);
  return demoConnections.map((connection, index) => ({
    ...connection,
    protocol: 'postgres',
    host: '127.0.0.1',
    port: ports.targetPostgres,
    username: role.name,
    password: role.password,
    reader: { username: reader.name, password: reader.password },
    listenerPort: ports.listeners[index] ?? 0,
    relayPort: ports.relays[index] ?? 0,
  }));
}

function webEnvironment(
  dataDir: string,
  databaseUrl: string,
  url: string,
  ports: DemoPorts,
  secrets: DemoSecrets,
): Record<string, string> {
  return {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    SLUICE_PORT: String(ports.web),
    SLUICE_PUBLIC_URL: url,
    SLUICE_MASTER_KEY_FILE: masterKeyFile(dataDir),
    SLUICE_RELAY_HOST: '127.0.0.1',
    SLUICE_RELAY_PORTS: `${ports.relayRange.from}-${ports.relayRange.to}`,
    SLUICE_LISTENER_PORTS: `${ports.listenerRange.from}-${ports.listenerRange.to}`,
    AUTH_SECRET: secrets.authSecret,
    AUTH_URL: url,
  };
}

function gatewayEnvironment(
  dataDir: string,
  url: string,
  ports: DemoPorts,
  enrolToken: string | null,
): Record<string, string> {
  return {
    NODE_ENV: 'production',
    SLUICE_URL: url,
    SLUICE_GATEWAY_DATA: join(dataDir, 'gateway'),
    SLUICE_GATEWAY_NAME: gatewayName,
    SLUICE_LISTEN_HOST: '127.0.0.1',
    SLUICE_ALLOW_TARGETS: `127.0.0.1:${ports.targetPostgres},127.0.0.1:${ports.targetSsh}`,
    ...(enrolToken === null ? {} : { SLUICE_ENROL_TOKEN: enrolToken }),
  };
}

/** The root of Sluice's own CA, as anyone may have it. */
async function fetchCa(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(`${url}/api/ca`, { signal });
  const text = await answer.text();
  if (!answer.ok || !text.includes('BEGIN CERTIFICATE'))
    throw new Error(`${url}/api/ca answered ${answer.status} and no certificate`);
  return text;
}
