/**
 * Writes the demo's rows into the control plane's database. Runs as a process of its own: one JSON object on stdin, one JSON line on
 * stdout. Idempotent: secrets that were made before are handed in again (`identities`) and kept when they still hold.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import {
  appendAuditEvent,
  bumpBundleVersion,
  createAccessRule,
  createConnection,
  createGroup,
  createPerson,
  createServiceIdentity,
  createToken,
  type Database,
  findConnection,
  findGateway,
  findGatewayByName,
  findGroupByName,
  findPerson,
  findServiceIdentity,
  findToken,
  listAccessRules,
  openDatabase,
  publishPolicyVersion,
  readActivePolicy,
  replaceCredential,
  setConnectionPorts,
  setPasswordHash,
  type Tx,
  updateConnection,
} from '@sluice/database';
import {
  type CredentialPurpose,
  maxBreakGlassSeconds,
  Secret,
  type TargetAddress,
  type TargetCredential,
} from '@sluice/domain';
import { createEnrolment, openInstallation } from '@sluice/identity';
import { hashPassword, mintToken, newId, tokenDisplay, tokenHash } from '@sluice/keys';
import { sealCredential } from '@sluice/keys/sealing';
import { z } from 'zod';

const identitySchema = z.object({
  name: z.string(),
  // A folder of before calls its members engineers.
  kind: z.preprocess(
    (kind) => (kind === 'engineer' ? 'member' : kind),
    z.enum(['admin', 'reviewer', 'member', 'agent']),
  ),
  email: z.string().optional(),
  password: z.string().optional(),
  apiToken: z.string(),
  nativeSecret: z.string(),
});
type DemoIdentity = z.infer<typeof identitySchema>;

const placeSchema = z.object({
  databaseUrl: z.string(),
  masterKeyFile: z.string(),
  publicUrl: z.string(),
  gatewayName: z.string(),
});
const requestSchema = z.discriminatedUnion('phase', [
  placeSchema.extend({ phase: z.literal('identities'), identities: z.array(identitySchema).nullable() }),
  placeSchema.extend({
    phase: z.literal('connections'),
    gatewayId: z.string(),
    connections: z.array(
      z.object({
        name: z.string(),
        env: z.string(),
        protocol: z.string(),
        host: z.string(),
        port: z.int(),
        database: z.string(),
        options: z.record(z.string(), z.json()).optional(),
        username: z.string(),
        password: z.string(),
        reader: z.object({ username: z.string(), password: z.string() }).nullable(),
        listenerPort: z.int(),
        relayPort: z.int(),
      }),
    ),
  }),
]);
export type SeedRequest = z.infer<typeof requestSchema>;

const people = [
  { name: 'admin', kind: 'admin' },
  { name: 'reviewer', kind: 'reviewer' },
  { name: 'reviewer-two', kind: 'reviewer' },
  { name: 'engineer', kind: 'member' },
] as const;
const agent = { name: 'coding-agent', owner: 'engineer' } as const;
const mailDomain = 'demo.sluice.test';
const passwordBytes = 12;
/** The demo's tokens outlive any demo. */
const tokenLifeMs = 10 * 365 * 86_400_000;
/** A working day, in s. */
const mostRequestedSeconds = 8 * 3_600;
const system = { kind: 'system', name: 'demo seed' } as const;

export async function seedDemo(request: SeedRequest): Promise<object> {
  const database = openDatabase(request.databaseUrl);
  try {
    await openInstallation(database, new Secret(readFileSync(request.masterKeyFile, 'utf8').trim()), new Date());
    return request.phase === 'identities'
      ? await seedIdentities(database, request)
      : await seedConnections(database, request);
  } finally {
    await database.close();
  }
}

async function seedIdentities(
  database: Database,
  request: Extract<SeedRequest, { phase: 'identities' }>,
): Promise<object> {
  const kept = new Map((request.identities ?? []).map((identity) => [identity.name, identity]));
  const identities: DemoIdentity[] = [];
  for (const { name, kind } of people) identities.push(await person(database, name, kind, kept.get(name)));
  identities.push(await codingAgent(database, kept.get(agent.name)));
  return database.transaction(async (tx) => {
    const admin = await findPerson(tx, { email: emailOf('admin') });
    if (admin === null) throw new Error('the admin was just made');
    await reviewersGroup(tx);
    if ((await readActivePolicy(tx)) === null) {
      const file = createRequire(import.meta.url).resolve('@sluice/policy/default-policy.yaml');
      const source = readFileSync(file, 'utf8');
      await publishPolicyVersion(tx, {
        id: newId(),
        source,
        note: 'the default policy',
        authorId: admin.id,
        basedOn: null,
        rollbackOf: null,
      });
      await bumpBundleVersion(tx);
      await audit(tx, 'policies.publishPolicy', 'published the default policy', null);
    }
    await accessRules(tx, admin.id);
    const enrolled = await findGatewayByName(tx, request.gatewayName);
    const enrolToken =
      enrolled !== null
        ? null
        : (await createEnrolment(tx, { name: request.gatewayName, createdById: admin.id }, new Date())).token.reveal();
    return { identities, enrolToken };
  });
}

/** Beside the rule that a new installation has: whoever may not connect may ask, and the engineer may break the glass of production. */
async function accessRules(tx: Tx, adminId: string): Promise<void> {
  if ((await listAccessRules(tx)).some(({ mode }) => mode !== 'connect')) return;
  const engineer = await findPerson(tx, { email: emailOf(agent.owner) });
  const fixed = { windows: [], networks: [], expiresAt: null, createdById: adminId };
  await createAccessRule(tx, {
    ...fixed,
    id: newId<'AccessRule'>(),
    mode: 'request',
    subject: { kind: 'everyone' },
    scope: { selector: {} },
    approvers: ['reviewer', 'admin'],
    approvalCount: 1,
    maxSeconds: mostRequestedSeconds,
    note: 'Access, or reading unmasked, for a working day at most.',
  });
  if (engineer === null) return;
  await createAccessRule(tx, {
    ...fixed,
    id: newId<'AccessRule'>(),
    mode: 'break-glass',
    subject: { kind: 'person', id: engineer.id },
    scope: { selector: { env: ['prod'] } },
    approvers: [],
    approvalCount: 1,
    maxSeconds: maxBreakGlassSeconds,
    note: 'On call for production.',
  });
  await audit(tx, 'access.createAccessRule', 'added the demo’s access rules', null);
}

async function person(
  database: Database,
  name: string,
  kind: 'admin' | 'reviewer' | 'member',
  kept: DemoIdentity | undefined,
): Promise<DemoIdentity> {
  const email = emailOf(name);
  const found = await findPerson(database.db, { email });
  if (found !== null && kept !== undefined) return { ...kept, ...(await tokens(database, 'person', found.id, kept)) };
  const password = newPassword();
  const passwordHash = await hashPassword(password);
  const id = await database.transaction(async (tx) => {
    if (found !== null) {
      // The folder that kept the secrets is gone: the account gets a new password.
      await setPasswordHash(tx, found.id, passwordHash);
      return found.id;
    }
    const row = await createPerson(tx, { id: newId<'Person'>(), name, email, role: kind, passwordHash });
    await audit(tx, 'identities.createPerson', `added ${name} as ${kind}`, { type: 'person', id: row.id, name });
    return row.id;
  });
  return { name, kind, email, password, ...(await tokens(database, 'person', id, kept)) };
}

async function codingAgent(database: Database, kept: DemoIdentity | undefined): Promise<DemoIdentity> {
  const found = await findServiceIdentity(database.db, { name: agent.name });
  const id =
    found?.id ??
    (await database.transaction(async (tx) => {
      const owner = await findPerson(tx, { email: emailOf(agent.owner) });
      if (owner === null) throw new Error('the agent’s owner was just made');
      const row = await createServiceIdentity(tx, {
        id: newId<'ServiceIdentity'>(),
        name: agent.name,
        ownerId: owner.id,
      });
      await audit(tx, 'identities.createAgent', `added agent ${agent.name} of ${agent.owner}`, {
        type: 'agent',
        id: row.id,
        name: row.name,
      });
      return row.id;
    }));
  return { name: agent.name, kind: 'agent', ...(await tokens(database, 'service', id, kept)) };
}

/** One API token and one native secret: the kept ones when they still hold, else new ones. */
async function tokens(
  database: Database,
  kind: 'person' | 'service',
  id: string,
  kept: DemoIdentity | undefined,
): Promise<{ readonly apiToken: string; readonly nativeSecret: string }> {
  return {
    apiToken: await token(database, kind, id, 'api', kept?.apiToken),
    nativeSecret: await token(database, kind, id, 'native', kept?.nativeSecret),
  };
}

async function token(
  database: Database,
  kind: 'person' | 'service',
  id: string,
  type: 'api' | 'native',
  kept: string | undefined,
): Promise<string> {
  if (kept !== undefined) {
    const row = await findToken(database.db, { hash: tokenHash(kept) });
    if (row !== null && row.revokedAt === null) return kept;
  }
  const secret = mintToken(type === 'native' ? 'native' : kind);
  await database.transaction((tx) =>
    createToken(tx, {
      id: newId<'Token'>(),
      type,
      owner: { kind, id },
      label: 'demo',
      display: tokenDisplay(secret),
      hash: tokenHash(secret),
      expiresAt: new Date(Date.now() + tokenLifeMs),
      connectionIds: [],
    }),
  );
  return secret.reveal();
}

async function reviewersGroup(tx: Tx): Promise<void> {
  const name = 'reviewers';
  if ((await findGroupByName(tx, name)) !== null) return;
  const members = await Promise.all(
    ['reviewer', 'reviewer-two'].map((member) => findPerson(tx, { email: emailOf(member) })),
  );
  const row = await createGroup(tx, {
    id: newId<'Group'>(),
    name,
    memberIds: members.flatMap((member) => (member === null ? [] : [member.id])),
  });
  await audit(tx, 'identities.createGroup', `made group ${name}`, { type: 'group', id: row.id, name });
}

/** Makes the connections, or brings address, ports and credential up to date. */
async function seedConnections(
  database: Database,
  request: Extract<SeedRequest, { phase: 'connections' }>,
): Promise<object> {
  const gateway = await findGateway(database.db, request.gatewayId);
  if (gateway === null) throw new Error(`no gateway ${request.gatewayId}`);
  for (const wanted of request.connections) {
    const known = await findConnection(database.db, { name: wanted.name });
    const moved =
      known === null || known.host !== wanted.host || known.port !== wanted.port || known.groupId !== gateway.groupId;
    const portsMoved =
      known !== null && (known.listenerPort !== wanted.listenerPort || known.relayPort !== wanted.relayPort);
    const readerMissing =
      wanted.reader !== null && known?.credentials.some(({ purpose }) => purpose === 'reader') === false;
    if (!moved && !portsMoved && !readerMissing) continue;
    const id = known?.id ?? newId<'Connection'>();
    const address: TargetAddress = {
      protocol: wanted.protocol,
      host: wanted.host,
      port: wanted.port,
      tls: { mode: 'disable', ca: null },
    };
    const seal = (purpose: CredentialPurpose, { username, password }: TargetCredential) =>
      sealCredential({
        recipientKey: gateway.sealingKey,
        address,
        connectionId: id,
        credential: { username, password },
        purpose,
      });
    const writer = await seal('writer', wanted);
    const reader = wanted.reader === null ? null : await seal('reader', wanted.reader);
    await database.transaction(async (tx) => {
      const ports = { listenerHost: '127.0.0.1', listenerPort: wanted.listenerPort, relayPort: wanted.relayPort };
      if (known === null) {
        await createConnection(tx, { id, ...fields(wanted, gateway.groupId), ...ports });
        await audit(tx, 'connections.createConnection', `created connection ${wanted.name}`, {
          type: 'connection',
          id,
          name: wanted.name,
        });
      } else {
        await updateConnection(tx, id, known.revision, fields(wanted, gateway.groupId));
        await setConnectionPorts(tx, id, ports);
      }
      const place = { connectionId: id, gatewayId: gateway.id };
      await replaceCredential(tx, { ...place, id: newId<'SealedCredential'>(), purpose: 'writer', envelope: writer });
      if (reader !== null)
        await replaceCredential(tx, { ...place, id: newId<'SealedCredential'>(), purpose: 'reader', envelope: reader });
      await bumpBundleVersion(tx);
    });
  }
  return { ok: true };
}

function fields(wanted: Extract<SeedRequest, { phase: 'connections' }>['connections'][number], groupId: string) {
  return {
    name: wanted.name,
    protocol: wanted.protocol,
    host: wanted.host,
    port: wanted.port,
    tlsMode: 'disable',
    tlsCa: null,
    options: wanted.options ?? { database: wanted.database },
    labels: { env: wanted.env },
    groupId,
    offlineLeaseSeconds: 60,
    defaultAction: 'deny',
    holdBehaviour: 'wait',
  };
}

async function audit(
  tx: Tx,
  action: string,
  sentence: string,
  subject: { type: string; id: string; name: string } | null,
): Promise<void> {
  await appendAuditEvent(tx, {
    id: newId<'AuditEvent'>(),
    at: new Date(),
    actor: system,
    action,
    sentence: `${system.name} ${sentence}`,
    subject,
    before: null,
    after: null,
    address: null,
  });
}

function emailOf(name: string): string {
  return `${name}@${mailDomain}`;
}

function newPassword(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(passwordBytes))).toString('base64url');
}

if (process.argv[1] !== undefined && import.meta.url === new URL(`file://${process.argv[1]}`).href) {
  const request = requestSchema.parse(JSON.parse(await text(process.stdin)));
  process.stdout.write(`${JSON.stringify(await seedDemo(request))}\n`);
}
