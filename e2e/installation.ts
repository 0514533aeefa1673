/**
 * A Sluice that is set up by hand, each process on its own: what the demo's supervisor would start again, or start always alike, is
 * stopped, restarted and configured here as an administrator does it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppRouter } from '@sluice/api';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import pg from 'pg';
import superjson from 'superjson';
import { prepareControl } from '../scripts/demo/control-database.ts';
import {
  choosePorts,
  type DemoPorts,
  type DemoSecrets,
  keptSecrets,
  masterKeyFile,
} from '../scripts/demo/data-folder.ts';
import type { DemoIdentity } from '../scripts/demo/report.ts';
import { seedConnections, seedIdentities } from '../scripts/demo/seeding.ts';
import { createService, type Service } from '../scripts/demo/service.ts';
import { makeTargetRole } from '../scripts/demo/target-data.ts';
import { type RunningPostgres, startPostgres } from '../scripts/postgres.mjs';
import { eventually, type Output, root, run } from './stack.ts';

const targetRole = 'sluice_app';
const databaseName = 'demo';
/** Its environment's own words first, then what a test wants otherwise; undefined takes a variable away. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface InstallationOptions {
  /** The control plane's Postgres; 15 is what Debian's pg_dump reads. */
  readonly controlVersion?: '15' | '18';
  /** Further settings of the target's server. */
  readonly targetSettings?: Readonly<Record<string, string>>;
  /** Names of its connections, the first is what clients use. */
  readonly connections?: readonly string[];
}

export class Installation {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'sluice-installation-'));
  readonly #options: InstallationOptions;
  readonly #names: readonly string[];
  readonly #log: string[] = [];
  readonly #gateways = new Map<string, { readonly service: Service; readonly environment: Variables }>();
  #ports!: DemoPorts;
  #secrets!: DemoSecrets;
  #identities!: readonly DemoIdentity[];
  #enrolToken: string | null = null;
  #control!: RunningPostgres;
  #target!: RunningPostgres;
  #databaseUrl!: string;
  #web: Service | null = null;

  constructor(options: InstallationOptions = {}) {
    this.#options = options;
    this.#names = options.connections ?? ['orders'];
  }

  get url(): string {
    return `http://localhost:${this.#ports.web}`;
  }

  get caFile(): string {
    return join(this.dataDir, 'ca.pem');
  }

  /** As the control plane's own role. */
  get databaseUrl(): string {
    return this.#databaseUrl;
  }

  /** Everything that the processes have printed so far. */
  get log(): string {
    return this.#log.join('\n');
  }

  get masterKeyFile(): string {
    return masterKeyFile(this.dataDir);
  }

  /** Databases, control plane and the gateway `one` at 127.0.0.1, with every connection working. */
  async start(): Promise<void> {
    this.#secrets = keptSecrets(this.dataDir);
    this.#ports = await choosePorts(this.dataDir, 0, this.#names.length);
    await Promise.all([this.startControlDatabase(), this.#startTarget()]);
    const seeded = await seedIdentities(this.#place());
    this.#identities = seeded.identities;
    this.#enrolToken = seeded.enrolToken;
    await this.startWeb();
    const gatewayId = await this.startGateway('one', { SLUICE_ENROL_TOKEN: this.#enrolToken ?? undefined });
    await seedConnections(this.#place(), { gatewayId, targets: this.#names.map((name, at) => this.#seed(name, at)) });
    await this.keepCa();
    await eventually('a statement runs', () => this.works(), 60_000);
  }

  /** An empty server when its folder is not there, else the one of before. */
  async startControlDatabase(folder = 'postgres', schema = true): Promise<void> {
    this.#control = await startPostgres({
      dataDir: join(this.dataDir, folder),
      version: this.#options.controlVersion ?? '18',
      port: this.#ports.controlPostgres,
      password: this.#secrets.controlPassword,
      fsync: false,
    });
    if (schema) this.#databaseUrl = await prepareControl(this.#control.url, this.#secrets.controlRolePassword);
  }

  /** Role and empty database of a server on which neither is, as an administrator makes them before a restore. */
  async makeControlRole(): Promise<void> {
    await makeTargetRole(this.#control.url, { name: 'sluice', password: this.#secrets.controlRolePassword });
    const client = new pg.Client({ connectionString: this.#control.url });
    await client.connect();
    await client.query('CREATE DATABASE sluice OWNER sluice');
    await client.end();
  }

  get secrets(): DemoSecrets {
    return this.#secrets;
  }

  async stopControlDatabase(): Promise<void> {
    await this.#control.stop();
  }

  async #startTarget(): Promise<void> {
    this.#target = await startPostgres({
      dataDir: join(this.dataDir, 'target'),
      version: '15',
      port: this.#ports.targetPostgres,
      password: this.#secrets.targetPassword,
      fsync: false,
      ...(this.#options.targetSettings === undefined ? {} : { settings: this.#options.targetSettings }),
    });
    await makeTargetRole(this.#target.url, { name: targetRole, password: this.#secrets.targetRolePassword });
    const client = new pg.Client({ connectionString: this.#target.url });
    await client.connect();
    await client.query(`CREATE DATABASE ${databaseName} OWNER ${targetRole}`);
    await client.end();
    const owner = new pg.Client({ ...this.targetLogin(), password: this.#secrets.targetRolePassword });
    await owner.connect();
    await owner.query('CREATE TABLE orders (id int PRIMARY KEY, note text)');
    await owner.query("INSERT INTO orders SELECT i, 'note ' || i FROM generate_series(1, 2000) i");
    await owner.end();
  }

  /** How a client reaches the target past Sluice, without its password. */
  targetLogin() {
    return { host: '127.0.0.1', port: this.#ports.targetPostgres, user: targetRole, database: databaseName };
  }

  #place() {
    return {
      databaseUrl: this.#databaseUrl,
      masterKeyFile: this.masterKeyFile,
      publicUrl: this.url,
      dataDir: this.dataDir,
      gatewayName: 'one',
      signal: new AbortController().signal,
    };
  }

  #seed(name: string, at: number) {
    return {
      name,
      env: 'prod',
      protocol: 'postgres',
      host: '127.0.0.1',
      port: this.#ports.targetPostgres,
      database: databaseName,
      username: targetRole,
      password: this.#secrets.targetRolePassword,
      reader: null,
      listenerPort: this.#ports.listeners[at] ?? 0,
      relayPort: this.#ports.relays[at] ?? 0,
    };
  }

  async startWeb(more: Variables = {}): Promise<void> {
    const { relayRange, listenerRange, web } = this.#ports;
    this.#web = this.#service('web', [join(root, 'apps/web/dist/server.mjs')], {
      DATABASE_URL: this.#databaseUrl,
      SLUICE_PORT: String(web),
      SLUICE_PUBLIC_URL: this.url,
      SLUICE_MASTER_KEY_FILE: this.masterKeyFile,
      SLUICE_RELAY_PORTS: `${relayRange.from}-${relayRange.to}`,
      SLUICE_LISTENER_PORTS: `${listenerRange.from}-${listenerRange.to}`,
      AUTH_SECRET: this.#secrets.authSecret,
      AUTH_URL: this.url,
      ...more,
    });
    await this.#web.start();
  }

  async stopWeb(): Promise<void> {
    await this.#web?.stop();
    this.#web = null;
  }

  async restartWeb(more: Variables = {}): Promise<void> {
    await this.stopWeb();
    await this.startWeb(more);
  }

  gatewayFolder(name: string): string {
    return join(this.dataDir, `gateway-${name}`);
  }

  /** Starts a gateway on its folder, enrolled or to be; resolves with its id. */
  async startGateway(name: string, more: Variables = {}): Promise<string> {
    const environment = { SLUICE_LISTEN_HOST: '127.0.0.1', ...more };
    const service = this.#service(`gateway ${name}`, [join(root, 'apps/gateway/dist/gateway.cjs'), 'run'], {
      SLUICE_URL: this.url,
      SLUICE_GATEWAY_DATA: this.gatewayFolder(name),
      SLUICE_GATEWAY_NAME: name,
      SLUICE_ALLOW_TARGETS: `127.0.0.1:${this.#ports.targetPostgres}`,
      ...environment,
    });
    this.#gateways.set(name, { service, environment });
    const said = await service.start();
    return String(said.gatewayId);
  }

  async stopGateway(name: string): Promise<void> {
    await this.#gateways.get(name)?.service.stop();
  }

  /** As an administrator restarts it: with what it was started with, but without the token. */
  async restartGateway(name: string): Promise<void> {
    const { environment = {} } = this.#gateways.get(name) ?? {};
    await this.stopGateway(name);
    await this.startGateway(name, { ...environment, SLUICE_ENROL_TOKEN: undefined });
  }

  /** Ends a gateway at once; it is started again a while later, as whatever runs it on its machine would. */
  killGateway(name: string): void {
    const pid = this.#gateways.get(name)?.service.pid();
    if (pid === undefined || pid === null) throw new Error(`no gateway ${name} runs`);
    process.kill(pid, 'SIGKILL');
  }

  /** A command of the gateway's program on its own machine. */
  gatewayCommand(name: string, ...args: string[]): Promise<Output> {
    return run(process.execPath, [join(root, 'apps/gateway/dist/gateway.cjs'), ...args], {
      env: { ...process.env, SLUICE_URL: this.url, SLUICE_GATEWAY_DATA: this.gatewayFolder(name) },
    });
  }

  #service(name: string, args: string[], environment: Variables): Service {
    const given = Object.entries({ NODE_ENV: 'production', ...environment });
    const env = Object.fromEntries(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
    return createService({
      name,
      args,
      cwd: join(root, 'apps/web'),
      env: () => env,
      graceMs: 8_000,
      onLine: (line) => this.#log.push(`${name}: ${line}`),
      onNews: (line) => this.#log.push(line),
    });
  }

  who(name: string): DemoIdentity {
    const found = this.#identities.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  api(who = 'admin') {
    const { apiToken } = this.who(who);
    return createTRPCClient<AppRouter>({
      links: [
        httpBatchLink({
          url: `${this.url}/api/trpc`,
          transformer: superjson,
          methodOverride: 'POST',
          headers: () => ({ authorization: `Bearer ${apiToken}` }),
        }),
      ],
    });
  }

  /** The built `sluice`, signed in as somebody by the environment. */
  sluice(args: readonly string[], more: NodeJS.ProcessEnv = {}, who = 'admin'): Promise<Output> {
    return run(process.execPath, [join(root, 'apps/cli/dist/sluice.cjs'), ...args], {
      env: { ...process.env, SLUICE_URL: this.url, SLUICE_TOKEN: this.who(who).apiToken, ...more },
    });
  }

  /** As above; throws with what it said when it fails. */
  async command(...args: string[]): Promise<string> {
    const { code, out, err } = await this.sluice(args);
    if (code !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${code}: ${err}`);
    return out;
  }

  /** Keeps what `sluice ca` prints, where clients look for it. */
  async keepCa(): Promise<void> {
    writeFileSync(this.caFile, await this.command('ca'));
  }

  /** A client at a native port of the gateways (`at`: their addresses, tried in order) or of the relay. The caller ends it. */
  async client(
    options: {
      readonly via?: 'port' | 'relay';
      readonly at?: string;
      readonly who?: string;
      /** Another native secret than the one that everybody has from the start. */
      readonly secret?: string;
      readonly connection?: number;
    } = {},
  ): Promise<pg.Client> {
    const at = options.connection ?? 0;
    const client = new pg.Client({
      host: options.at ?? '127.0.0.1',
      port: (options.via === 'relay' ? this.#ports.relays : this.#ports.listeners)[at] ?? 0,
      user: 'anybody',
      database: databaseName,
      password: options.secret ?? this.who(options.who ?? 'engineer').nativeSecret,
      ssl: { ca: readFileSync(this.caFile, 'utf8'), servername: 'localhost' },
      connectionTimeoutMillis: 15_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Whether a new session gets an answer. */
  async works(options: Parameters<Installation['client']>[0] = {}): Promise<boolean> {
    return (await this.failure(options)) === null;
  }

  /** What a new session met instead of an answer; null when it got one. */
  async failure(options: Parameters<Installation['client']>[0] = {}): Promise<string | null> {
    try {
      const client = await this.client(options);
      try {
        const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM orders');
        return rows[0]?.n === 2_000 ? null : `${rows[0]?.n} rows`;
      } finally {
        await client.end();
      }
    } catch (error) {
      return String(error);
    }
  }

  async stop(): Promise<void> {
    for (const { service } of this.#gateways.values()) await service.stop();
    await this.stopWeb();
    await Promise.all([this.#control?.stop(), this.#target?.stop()]);
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
