/** The composition root of the data plane: wires everything together, and takes it down again. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Worker } from 'node:worker_threads';
import {
  type BundleConnection,
  type CredentialPurpose,
  type NoticeToControlPlane,
  noticeToGatewaySchema,
  SluiceError,
} from '@sluice/domain';
import { keyedDigest, newId } from '@sluice/keys';
import { protocolByName } from '@sluice/protocols';
import { fileSpool, SpoolPusher, SpoolWriter, spoolDepth } from '@sluice/recording';
import { LiveSessions, type SessionPorts, StatementRates } from '@sluice/session';
import { dialTunnel, type Tunnel } from '@sluice/tunnel';
import type { Logger } from 'pino';
import { Approvals } from './approvals.ts';
import { Authoriser, proofMatches } from './authoriser.ts';
import { BundlePuller } from './bundle-puller.ts';
import { Bundles, type CurrentBundle, capabilities } from './bundles.ts';
import { testConnection } from './connection-test.ts';
import { ControlPlane } from './control-plane.ts';
import { Credentials } from './credentials.ts';
import { enrol } from './enrol.ts';
import type { GatewayEnvironment } from './env.ts';
import { Explanations } from './explanations.ts';
import { FactsPool } from './facts-pool.ts';
import { type FloorFile, readFloorFile } from './floor-file.ts';
import { HostIdentities } from './host-identities.ts';
import { KnowledgeCache } from './knowledge-cache.ts';
import { Lease } from './lease.ts';
import { Leaves } from './leaves.ts';
import { Listeners } from './listeners.ts';
import { LoadMeter } from './load-meter.ts';
import { OwnSessions } from './own-sessions.ts';
import { recoverSpool } from './recover-spool.ts';
import { Reverts } from './reverts.ts';
import { Rewraps } from './rewraps.ts';
import { Rotations, withSteps } from './rotations.ts';
import { SessionCheck } from './session-check.ts';
import { SessionEntry } from './session-entry.ts';
import { type Enrolment, type GatewayKeys, StateStore } from './state-store.ts';
import { openStepUp, type StepUpCheck } from './step-up.ts';
import { TargetDialer } from './target-dialer.ts';
import { UndoStore } from './undo-store.ts';
import { gatewayVersion } from './version.ts';

const reportEveryMs = 5_000;
const leafCheckEveryMs = 3_600_000;
/** Bytes of the key that effects and stable tokens are digested with. */
const digestKeyBytes = 32;
const parseWorkers = 2;
/** How long a stopping gateway tries to push what it recorded. */
const drainMs = 3_000;

export interface RunningGateway {
  readonly gatewayId: string;
  /** Resolves when the first bundle is in force and the tunnel is up. */
  readonly ready: Promise<void>;
  /** Reads the floor file again; every open session ends, and nothing is served while the file is not usable. */
  reloadFloor(): void;
  stop(): Promise<void>;
}

export async function startGateway(
  env: GatewayEnvironment,
  log: Logger,
  spawnParser: () => Worker,
): Promise<RunningGateway> {
  // Before anything is asked or kept: a gateway with a broken floor does not even enrol.
  readFloorFile(env.floorFile);
  const store = new StateStore(env.dataDir);
  const keys = await store.keys(() => randomBytes(digestKeyBytes).toString('base64url'));
  const enrolment = store.enrolment() ?? (await enrol(env, store, keys, log));
  const gateway = new Gateway(env, log, store, keys, enrolment, spawnParser);
  await gateway.start();
  return gateway;
}

class Gateway implements RunningGateway {
  readonly gatewayId: string;
  readonly ready: Promise<void>;
  readonly #env: GatewayEnvironment;
  readonly #log: Logger;
  readonly #startId = newId();
  readonly #keys: GatewayKeys;
  readonly #controlPlane: ControlPlane;
  readonly #bundles: Bundles;
  #floor: FloorFile;
  readonly #lease = new Lease(() => performance.now());
  readonly #authoriser: Authoriser;
  readonly #approvals: Approvals;
  readonly #stepUp: StepUpCheck;
  readonly #leaves: Leaves;
  readonly #identities: HostIdentities;
  readonly #facts: FactsPool;
  readonly #spoolStore: ReturnType<typeof fileSpool>;
  readonly #spool: SpoolWriter;
  readonly #pusher: SpoolPusher;
  readonly #knowledge: KnowledgeCache;
  readonly #live = new LiveSessions();
  readonly #ownSessions = new OwnSessions(() => performance.now());
  readonly #sessionCheck: SessionCheck;
  readonly #rotations: Rotations;
  readonly #rewraps: Rewraps;
  readonly #credentials: Credentials;
  readonly #dialer: TargetDialer;
  readonly #listeners: Listeners;
  readonly #entry: SessionEntry;
  readonly #ports: SessionPorts;
  readonly #explanations: Explanations;
  readonly #reverts: Reverts;
  readonly #stopping = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #tunnel: ReturnType<typeof dialTunnel> | null = null;
  #open: Tunnel | null = null;
  readonly #puller: BundlePuller;
  #markReady: () => void = () => undefined;
  readonly #load = new LoadMeter();

  constructor(
    env: GatewayEnvironment,
    log: Logger,
    store: StateStore,
    keys: GatewayKeys,
    enrolment: Enrolment,
    spawnParser: () => Worker,
  ) {
    this.#env = env;
    this.#log = log;
    this.#keys = keys;
    this.gatewayId = enrolment.gatewayId;
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    const warn = (message: string, fields: Record<string, unknown>) => log.warn(fields, message);
    this.#controlPlane = new ControlPlane(env.url, keys.signing, enrolment.gatewayId);
    this.#floor = readFloorFile(env.floorFile);
    this.#bundles = new Bundles(store, enrolment.gatewayId, enrolment.bundleKey, { floor: this.#floor.floor });
    this.#authoriser = new Authoriser(this.#controlPlane, Date.now);
    this.#approvals = new Approvals({
      controlPlane: this.#controlPlane,
      startId: this.#startId,
      log: (level, message, fields) => log[level](fields, message),
    });
    this.#stepUp = openStepUp(store, {
      gatewayId: enrolment.gatewayId,
      trust: env.passkeyTrust,
      always: env.stepUpConnections,
      publicUrl: () => this.#bundles.current?.bundle.publicUrl ?? env.url,
      log: (level, message, fields) => log[level](fields, message),
    });
    this.#leaves = new Leaves(this.#controlPlane, enrolment.caRoot, warn);
    this.#facts = new FactsPool({
      spawn: spawnParser,
      size: parseWorkers,
      onFailure: (message) => log.warn({ message }, 'a parser was replaced'),
    });
    this.#spoolStore = fileSpool(store.spoolDir);
    this.#spool = new SpoolWriter({
      store: this.#spoolStore,
      gatewayId: enrolment.gatewayId,
      keys: keys.signing,
      waitsForPlace: true,
      ...(env.spoolBytes === null ? {} : { maxSpoolBytes: env.spoolBytes }),
      onFault: (message, error) => log.error({ error: String(error) }, message),
      onChunk: () => this.#pusher.wake(),
    });
    this.#pusher = new SpoolPusher({
      store: this.#spoolStore,
      push: (sessionId, index, bytes) => this.#controlPlane.pushChunk(sessionId, index, bytes),
      chain: this.#spool.chain,
      pushCheckpoint: (line) => this.#controlPlane.pushCheckpoint(line),
      onFault: (message, error) => log.warn({ error: String(error) }, message),
    });
    this.#knowledge = new KnowledgeCache(warn);
    this.#credentials = new Credentials({
      sealing: keys.sealing,
      floor: () => this.#floor.floor,
      allowWeakAuthentication: env.allowWeakAuthentication,
      taken: (connectionId, purpose) => this.#rotations.override(connectionId, purpose),
    });
    this.#dialer = new TargetDialer(env.allowTargets, () => this.#floor.floor);
    const connection = (id: string) => this.#servedConnection(id);
    const undo = new UndoStore(store.undoDir, keys.digest);
    this.#ports = { ...this.#sessionPorts(), undo };
    this.#reverts = new Reverts({ controlPlane: this.#controlPlane, store: undo, ports: this.#ports, connection });
    this.#explanations = new Explanations({
      controlPlane: this.#controlPlane,
      connection,
      ports: this.#ports,
    });
    this.#rotations = new Rotations({
      ports: this.#ports,
      sealingKey: keys.sealing.publicKey,
      store,
      tell: (rotation) => this.#controlPlane.tellRotation(rotation),
      open: (connection, purpose, envelope) => this.#credentials.open(connection, purpose, envelope),
      connection,
      log: warn,
    });
    this.#puller = new BundlePuller({
      fetch: () => this.#controlPlane.bundle(this.#bundles.version, this.#bundles.signedBy),
      take: (signed) => {
        this.#bundles.accept(signed);
        void this.#rewraps.run();
      },
      failed: (error) => {
        log.error({ error: String(error) }, 'the bundle could not be taken; the last one stays in force');
        this.#endRefusedSessions();
      },
      signal: this.#stopping.signal,
    });
    this.#rewraps = new Rewraps({
      gatewayId: enrolment.gatewayId,
      sealingKey: keys.sealing.publicKey,
      formerSealing: keys.formerSealing,
      store,
      floor: () => this.#floor.floor,
      list: () => this.#controlPlane.rewraps(),
      send: (rewrap) => this.#controlPlane.sendRewrap(rewrap),
      connection,
      open: (connection, purpose) => this.#credentials.of(connection, purpose),
      log: warn,
    });
    this.#sessionCheck = new SessionCheck({
      ports: this.#ports,
      own: this.#ownSessions,
      report: (report) => this.#controlPlane.reportTargetSessions(report),
      log: warn,
    });
    this.#identities = new HostIdentities(this.gatewayId, this.#controlPlane, this.#bundles, { store, log: warn });
    this.#entry = new SessionEntry({
      bundles: this.#bundles,
      leaves: this.#leaves,
      ports: this.#ports,
      live: this.#live,
      identity: (id) => this.#identities.of(id),
      gatewayId: this.gatewayId,
      startId: this.#startId,
      epoch: () => this.#authoriser.epoch,
      protocolByName,
    });
    this.#listeners = new Listeners(
      env.listenHost,
      (connectionId, socket) => void this.#entry.native(connectionId, socket),
      (connectionId) => this.#leaves.of(connectionId) !== null,
    );
    this.#leaves.onNew(() => this.#listeners.sync(this.#bundles.current?.connections.values() ?? []));
  }

  async start(): Promise<void> {
    const [spool, store, controlPlane] = [this.#spool, this.#spoolStore, this.#controlPlane];
    await recoverSpool({ spool, store, controlPlane, log: this.#log, signal: this.#stopping.signal });
    this.#bundles.onChange((current) => this.#bundleChanged(current));
    this.#tunnel = dialTunnel({
      url: this.#controlPlane.tunnelUrl,
      headers: () => this.#controlPlane.tunnelHeaders(),
      onTunnel: (tunnel) => this.#connected(tunnel),
      onStream: (stream, header) => void this.#entry.tunnelled(stream, header),
      onNotice: (notice) => this.#noticed(notice),
      onStateChange: (state) => this.#log.info(state, 'tunnel'),
      signal: this.#stopping.signal,
    });
    this.#every(reportEveryMs, () => void this.#report());
    this.#every(leafCheckEveryMs, () => this.#ensureLeaves());
    this.#every(this.#env.sessionCheckMs, () => void this.#sessionCheck.run(this.#servedConnections()));
    this.#pusher.wake();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#announceStop();
    const closed = this.#listeners.close();
    await this.#entry.settled();
    const farewell = {
      reason: 'terminated',
      message: 'the gateway is stopping',
      hint: 'Connect again in a moment.',
    } as const;
    for (const session of this.#live.all()) session.terminate(farewell);
    const bounded = <T>(work: Promise<T>) =>
      Promise.race([work, new Promise((resolve) => setTimeout(resolve, drainMs).unref())]);
    await bounded(closed);
    this.#listeners.destroySockets();
    this.#spool.stop();
    this.#pusher.wake({ retryNow: true });
    await bounded(Promise.all([this.#approvals.close(), this.#pusher.stop()]));
    this.#stopping.abort();
    for (const renewed of [this.#leaves, this.#identities]) renewed.close();
    await bounded(Promise.all([this.#knowledge.close(), this.#facts.close(), this.#tunnel?.finished]));
  }

  reloadFloor(): void {
    try {
      this.#floor = readFloorFile(this.#env.floorFile);
      this.#bundles.floorIs(this.#floor.floor, null);
      this.#log.info({ digest: this.#floor.shown?.digest ?? null }, 'floor in force');
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#bundles.floorIs(null, 'this gateway’s own floor file is not usable');
      this.#log.error({ error: error.message, hint: error.hint }, 'nothing is served until the floor file is usable');
    }
    // What a session was judged by is remembered with the policy's version, which did not move.
    const message = 'the gateway’s own floor changed';
    for (const session of this.#live.all())
      session.terminate({ reason: 'terminated', message, hint: 'Connect again.' });
    void this.#report();
  }

  /** From here on new sessions go to another member. A tunnel that takes no notice any more says the same by its end. */
  #announceStop(): void {
    if (this.#open?.ended === false) this.#open.sendNotice({ type: 'draining' } satisfies NoticeToControlPlane);
  }

  #connected(tunnel: Tunnel): void {
    const hello: NoticeToControlPlane = {
      type: 'hello',
      startId: this.#startId,
      version: gatewayVersion,
      capabilities: [...capabilities],
    };
    tunnel.sendNotice(hello);
    this.#open = tunnel;
    this.#lease.heard();
    this.#approvals.recheckAll();
    this.#pusher.wake({ retryNow: true });
    void this.#puller.pull().then(() => this.#rotations.recover());
    void this.#report();
  }

  #noticed(raw: unknown): void {
    const parsed = noticeToGatewaySchema.safeParse(raw);
    if (!parsed.success) {
      this.#log.warn('an unknown notice was ignored');
      return;
    }
    const notice = parsed.data;
    switch (notice.type) {
      case 'heartbeat':
        this.#lease.heard();
        if (notice.bundleVersion > this.#bundles.version) void this.#puller.pull();
        if (this.#authoriser.epochIs(notice.revocationEpoch)) {
          for (const session of this.#live.all()) void session.reauthorise();
        }
        return;
      case 'approval':
        this.#approvals.noticed(notice.id);
        return;
      case 'terminate':
        this.#live.terminate(notice.sessionId, {
          reason: 'terminated',
          message: notice.reason,
          hint: 'Ask an administrator of Sluice before you connect again.',
        });
        return;
      case 'revert':
        void this.#reverts.answer(notice);
        return;
      case 'explain':
        void this.#puller.pull().then(() => this.#explanations.answer(notice.requestId, notice.key));
        return;
      case 'test-connection':
        void this.#test(notice.requestId, notice.connectionId, null);
        return;
      case 'rotate-credential':
        void this.#test(notice.requestId, notice.connectionId, notice.purpose);
        return;
    }
  }

  /** A rotation, where one is asked for, comes first: the test then shows what is in force. */
  async #test(requestId: string, connectionId: string, rotate: CredentialPurpose | null): Promise<void> {
    try {
      await this.#puller.pull();
      const connection = this.#servedConnection(connectionId);
      const steps =
        rotate === null || connection === undefined ? [] : await this.#rotations.rotate(requestId, connection, rotate);
      const result = await testConnection(requestId, connection, connectionId, this.#ports);
      await this.#controlPlane.reportTest(withSteps(result, steps));
      if (connection !== undefined) await this.#sessionCheck.check(connection);
    } catch (error) {
      this.#log.warn({ error: String(error) }, 'a connection test could not be reported');
    }
  }

  /** Undefined also for one that this gateway must not serve: it then asks the target nothing by itself either. */
  #servedConnection(connectionId: string): BundleConnection | undefined {
    const connection = this.#bundles.current?.connections.get(connectionId);
    return this.#bundles.problemOf(connectionId) === null ? connection : undefined;
  }

  #servedConnections(): BundleConnection[] {
    return [...(this.#bundles.current?.connections.values() ?? [])].filter(
      ({ id }) => this.#bundles.problemOf(id) === null,
    );
  }

  /** A policy that this gateway was given and cannot obey ends what runs under the one before. */
  #endRefusedSessions(): void {
    for (const session of this.#live.all()) {
      const message = this.#bundles.problemOf(session.connectionId);
      if (message !== null) session.terminate({ reason: 'terminated', message, hint: 'Update the gateway.' });
    }
  }

  #bundleChanged(current: CurrentBundle): void {
    this.#log.info(
      { bundle: current.bundle.version, policy: current.policy.version, connections: current.connections.size },
      'bundle in force',
    );
    this.#stepUp.update(current.bundle);
    this.#listeners.sync(current.connections.values());
    this.#ensureLeaves();
    this.#endChangedSessions(current);
    this.#markReady();
  }

  #endChangedSessions(current: CurrentBundle): void {
    for (const session of this.#live.all()) {
      const connection = current.connections.get(session.connectionId);
      const same = connection !== undefined && connection.revision === session.connectionRevision;
      if (same && this.#bundles.problemOf(connection.id) === null) continue;
      this.#knowledge.forget(session.connectionId);
      session.terminate({
        reason: 'terminated',
        message: 'the connection was changed or removed',
        hint: 'Connect again.',
      });
    }
  }

  #ensureLeaves(): void {
    this.#leaves.ensureAll(this.#bundles.current?.connections.values() ?? []);
  }

  async #report(): Promise<void> {
    const depth = spoolDepth(this.#spoolStore);
    try {
      await this.#controlPlane.reportState({
        startId: this.#startId,
        version: gatewayVersion,
        hostname: hostname(),
        capabilities: [...capabilities],
        bundleVersion: this.#bundles.version,
        policyVersion: this.#bundles.current?.policy.version ?? 0,
        openSessions: this.#live.size,
        spoolChunks: depth.chunks,
        spoolBytes: depth.bytes,
        spoolProblem: this.#spool.problem,
        cpuPercent: this.#load.percent(),
        memoryBytes: process.memoryUsage.rss(),
        clock: new Date().toISOString(),
        listeners: this.#listeners.states(),
        floor: this.#floor.shown,
      });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#log.debug({ code: error.code }, 'the state could not be reported');
    }
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms).unref());
  }

  #sessionPorts(): SessionPorts {
    const { digest } = this.#keys;
    return {
      now: Date.now,
      newId: () => newId(),
      gateway: { id: this.gatewayId, startId: this.#startId },
      publicUrl: () => this.#bundles.current?.bundle.publicUrl ?? this.#env.url,
      authorise: this.#authoriser,
      lease: this.#lease,
      policy: () => {
        const current = this.#bundles.current;
        if (current === null)
          throw new SluiceError('unavailable', 'this gateway has no policy yet', { hint: 'Try again in a moment.' });
        return current.policy;
      },
      credential: (connection, purpose) => this.#credentials.of(connection, purpose),
      noteSession: ({ address }, id) => this.#ownSessions.note(`${address.host}:${address.port}`, id),
      connect: (connection, signal) => this.#dialer.dial(connection, signal),
      allowWeakAuthentication: (connection) => this.#credentials.allowsWeakAuthentication(connection),
      knowledge: (protocol, connection, dial) => this.#knowledge.of(protocol, connection, dial),
      facts: this.#facts,
      rates: new StatementRates(),
      describe: (language, text) => this.#facts.describe(language, text),
      approvals: this.#approvals,
      stepUp: this.#stepUp,
      openRecording: (sessionId, durability) => this.#spool.openSession(sessionId, durability),
      digest: (text) => keyedDigest(digest, text),
      proofMatches,
      log: (level, message, fields) => this.#log[level](fields, message),
    };
  }
}
