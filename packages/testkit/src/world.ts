/** A small organisation in a real Postgres, and ways to act in it as anybody. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createCaller, type GatewayCaller, type GatewayServices } from '@sluice/api';
import type { Db } from '@sluice/database';
import {
  createPerson,
  createServiceIdentity,
  findPerson,
  findServiceIdentity,
  openBus,
  publishPolicyVersion,
} from '@sluice/database';
import type { Actor, ApprovalCreate, HeldRole, Rights } from '@sluice/domain';
import { builtInPermissions, capabilities, noRights, Secret } from '@sluice/domain';
import {
  actorOfPerson,
  actorOfServiceIdentity,
  type Caller,
  createEnrolment,
  enrolGateway,
  noteKeysInUse,
  openInstallation,
  rightsOfPerson,
  rightsOfServiceIdentity,
} from '@sluice/identity';
import { atRestWith, generateSigningKeys, newId, type SigningKeys } from '@sluice/keys';
import { generateSealingKeys } from '@sluice/keys/sealing';
import { startTestDatabase, type TestDatabase } from './database.ts';

const people = {
  admin: 'admin',
  reviewer: 'reviewer',
  second: 'reviewer',
  engineer: 'member',
  other: 'member',
  security: 'security',
  auditor: 'auditor',
} as const;
const agents = { agent: 'engineer', stray: 'other' } as const;
export type Name = keyof typeof people | keyof typeof agents;

export interface World {
  readonly test: TestDatabase;
  readonly masterKey: Secret;
  readonly services: GatewayServices;
  readonly actors: Readonly<Record<Name, Actor>>;
  readonly gateway: GatewayCaller;
  readonly gatewayKeys: SigningKeys;
  readonly connectionId: string;
  /** The API as this actor. */
  as(name: Name): ReturnType<typeof createCaller>;
  /** The API as somebody who is not one of the named. */
  asActor(actor: Actor): ReturnType<typeof createCaller>;
  /** An approval as the gateway raises it for an actor. */
  hold(name: Name, more?: Partial<ApprovalCreate>): ApprovalCreate;
  stop(): Promise<void>;
}

export async function makeWorld(): Promise<World> {
  const test = await startTestDatabase();
  const { database } = test;
  const masterKey = new Secret('0123456789012345678901234567890123456789012');
  const { signing, authority, sshAuthority, beginRotation } = await openInstallation(database, masterKey, new Date());
  const cookieSecret = new Secret('c'.repeat(43));
  await noteKeysInUse(database, { masterKey, oldMasterKey: null, cookieSecret }, new Date());
  const bus = await openBus({ url: test.url, onError: () => undefined });
  const services: GatewayServices = {
    beginKeyRotation: beginRotation,
    oldKeysTaken: { master: false, cookie: false },
    database,
    bus,
    signing,
    atRest: atRestWith(masterKey),
    authority,
    sshAuthority,
    eventFolder: null,
    caRoot: authority.root,
    publicUrl: 'http://localhost:3100',
    relayHost: '127.0.0.1',
    relayPorts: { from: 16_432, to: 16_531 },
    listenerPorts: { from: 15_432, to: 15_531 },
    portIsFree: () => Promise.resolve(true),
    relayProblem: () => null,
  };
  const actors = await makePeople(test);
  const { gateway, gatewayKeys } = await makeGateway(test);
  const asActor = (actor: Actor) =>
    createCaller(async () => ({
      services,
      refusal: null,
      software: 'test',
      address: '192.0.2.1',
      caller: await callerOf(database.db, actor),
    }));
  const as = (name: Name) => asActor(actors[name]);
  await database.transaction((tx) =>
    publishPolicyVersion(tx, {
      id: newId(),
      source: defaultPolicy(),
      note: 'first',
      authorId: actors.admin.id,
      basedOn: null,
      rollbackOf: null,
    }),
  );
  const connectionId = newId();
  await as('admin').connections.createConnection({ ...connectionInput, id: connectionId, groupId: gateway.id });
  return {
    test,
    masterKey,
    services,
    actors,
    gateway,
    gatewayKeys,
    connectionId,
    as,
    asActor,
    hold: (name, more = {}) => holdOf(actors[name], connectionId, more),
    stop: async () => {
      await bus.close();
      await test.stop();
    },
  };
}

export const connectionInput = {
  name: 'orders',
  protocol: 'postgres',
  host: 'db.internal',
  port: 5432,
  tls: { mode: 'require' as const, ca: null },
  options: { database: 'orders' },
  labels: { env: 'prod' },
};

export function defaultPolicy(): string {
  return readFileSync(createRequire(import.meta.url).resolve('@sluice/policy/default-policy.yaml'), 'utf8');
}

/** What a built-in role may do everywhere: for callers of whom nothing else matters. */
export function rightsOfRole(role: string): Rights {
  const held: HeldRole = {
    role,
    permissions: builtInPermissions(role) ?? [],
    selector: {},
    connectionIds: null,
    via: { kind: 'base' },
    expiresAt: null,
  };
  return { roles: [held], within: null };
}

/** Who calls as this actor, with what the database says that they may do at this moment. */
export async function callerOf(db: Db, actor: Actor): Promise<Caller> {
  const now = new Date();
  const person = actor.kind === 'person' ? await findPerson(db, { id: actor.id }) : null;
  const agent = actor.kind === 'service' ? await findServiceIdentity(db, { id: actor.id }) : null;
  const rights = await (person !== null
    ? rightsOfPerson(db, person, now)
    : agent !== null
      ? rightsOfServiceIdentity(db, agent, now)
      : noRights);
  const groupIds = (person?.memberships ?? []).map(({ group }) => group.id);
  const current = person === null ? actor : { ...actorOfPerson(person), runId: actor.runId };
  return { actor: current, rights, groupIds, email: '', by: 'api-token', credentialId: newId(), expiresAt: null };
}

async function makePeople({ database }: TestDatabase): Promise<Record<Name, Actor>> {
  return database.transaction(async (tx) => {
    const made: Partial<Record<Name, Actor>> = {};
    for (const [name, role] of Object.entries(people)) {
      const row = await createPerson(tx, { id: newId(), name, email: `${name}@test`, role, passwordHash: null });
      made[name as Name] = actorOfPerson(row);
    }
    for (const [name, owner] of Object.entries(agents)) {
      const person = await findPerson(tx, { email: `${owner}@test` });
      const row = await createServiceIdentity(tx, { id: newId(), name, ownerId: person?.id ?? '' });
      made[name as Name] = actorOfServiceIdentity(row);
    }
    return made as Record<Name, Actor>;
  });
}

async function makeGateway({ database }: TestDatabase) {
  const gatewayKeys = generateSigningKeys();
  const { publicKey: sealingKey } = await generateSealingKeys();
  const { token } = await database.transaction((tx) =>
    createEnrolment(tx, { name: 'edge', createdById: null }, new Date()),
  );
  const request = { token: token.reveal(), name: 'edge', signingKey: gatewayKeys.publicKey, sealingKey };
  const more = { version: '1', hostname: 'edge.internal', capabilities: [...capabilities, 'protocol-postgres'] };
  const { gatewayId } = await enrolGateway(database, { ...request, ...more }, null, new Date());
  return { gatewayKeys, gateway: { id: gatewayId, signingKey: gatewayKeys.publicKey } };
}

const startId = newId();

function holdOf(actor: Actor, connectionId: string, more: Partial<ApprovalCreate>): ApprovalCreate {
  return {
    id: newId(),
    connectionId,
    connectionRevision: 1,
    sessionId: newId(),
    statementId: newId(),
    gatewayStartId: startId,
    actor,
    statementText: 'update customers set phone = $1 where id = 1',
    canonicalText: 'UPDATE customers SET phone = $1 WHERE id = 1',
    binds: ['•••', null],
    command: 'UPDATE',
    kind: 'write',
    objects: ['public.customers'],
    filter: 'present',
    rule: 'hold-agent-changes',
    reason: 'A change by an agent waits.',
    effectDigest: newId(),
    approvers: ['reviewer', 'admin'],
    count: 1,
    owner: false,
    behaviour: 'wait',
    expiresAt: new Date(Date.now() + 1_800_000).toISOString(),
    policyVersion: 1,
    ...more,
  };
}
