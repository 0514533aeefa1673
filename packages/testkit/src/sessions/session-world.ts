import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type Actor,
  type AuthoriseResponse,
  type BundleConnection,
  type Grant,
  keyProofBytes,
  type Language,
  type ReadOutcome,
  Secret,
  SluiceError,
} from '@sluice/domain';
import { equalConstantTime, keyedDigest, newId, sha256 } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { compilePolicy } from '@sluice/policy';
import type { RecordingEvent, RecordingEventType } from '@sluice/recording';
import { LiveSessions, type PolicySnapshot, type SessionPorts, StatementRates } from '@sluice/session';
import type { FactsReader, FactsRequest } from '@sluice/wire-kit';
import { BreakableSpool } from './breakable-spool.ts';
import { MemoryApprovals } from './memory-approvals.ts';

export const defaultPolicySource = readFileSync(
  fileURLToPath(import.meta.resolve('@sluice/policy/default-policy.yaml')),
  'utf8',
);

export const owner = { id: newId(), name: 'engineer' };
export const agent: Actor = actorOf('coding-agent', 'agent', owner);
export const engineer: Actor = { ...actorOf('engineer', 'member', null), id: owner.id };
export const admin: Actor = actorOf('admin', 'admin', null);

function actorOf(name: string, role: Actor['role'], onBehalfOf: Actor['onBehalfOf']): Actor {
  const kind = onBehalfOf === null ? 'person' : 'service';
  return { id: newId(), kind, name, role, groups: [], onBehalfOf, runId: null };
}

/** What the gateway gives a session, with real policy, masking, digests and spool; faults are switched on by the fields. */
export class SessionWorld {
  readonly live = new LiveSessions();
  readonly approvals = new MemoryApprovals('https://sluice.test');
  readonly spool: BreakableSpool;
  readonly ports: SessionPorts;
  /** The steps that ports were asked for, in order. */
  readonly steps: string[] = [];
  readonly logged: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  /** By the secret that is presented. */
  readonly answers = new Map<string, AuthoriseResponse>();
  /** Why nothing new may run; null: the lease holds. */
  leaseProblem: string | null = null;
  controlPlaneReachable = true;
  /** By purpose. */
  credentials = { writer: { username: 'toy', password: 'toy' }, reader: { username: 'toy', password: 'toy' } };
  /** Sessions open at the target, by the target's own names. */
  readonly targetSessions = new Set<string>();
  /** While set the parser gives up on descriptions. */
  parserBroken = false;
  /** What the passkeys of whoever decided lack, where a connection asks for them. */
  unsigned: string | null = null;
  #policy: PolicySnapshot;

  constructor(languages: readonly Language[]) {
    this.#policy = compiled(defaultPolicySource, 1);
    const gateway = { id: newId(), startId: newId() };
    this.spool = new BreakableSpool(gateway.id);
    for (const actor of [agent, engineer, admin]) this.grant(`secret-of-${actor.name}`, actor);
    this.ports = this.#makePorts(gateway, new Map(languages.map((language) => [language.name, language])));
  }

  /** Lets a secret in as this actor, who holds these grants and may be connected until then. */
  grant(
    secret: string,
    actor: Actor,
    expiresAt: string | null = null,
    grants: readonly Grant[] = [],
    accessUntil: string | null = null,
  ): void {
    this.answers.set(secret, { ok: true, actor, expiresAt, accessUntil, grants: [...grants], epoch: 1 });
  }

  /** Puts another policy in force, under the next version. */
  changePolicy(edit: (source: string) => string): void {
    this.#policy = compiled(edit(defaultPolicySource), this.#policy.version + 1);
  }

  events<Type extends RecordingEventType>(type: Type): Extract<RecordingEvent, { type: Type }>[] {
    return this.spool.events().filter((event): event is Extract<RecordingEvent, { type: Type }> => event.type === type);
  }

  close(): void {
    this.spool.close();
  }

  #makePorts(gateway: SessionPorts['gateway'], languages: ReadonlyMap<string, Language>): SessionPorts {
    const digestKey = new Secret(newId());
    return {
      now: Date.now,
      newId,
      gateway,
      publicUrl: () => 'https://sluice.test',
      authorise: {
        epoch: 1,
        authorise: ({ proof }) => {
          this.steps.push('authorise');
          const unknown: AuthoriseResponse = {
            ok: false,
            reason: 'unknown',
            message: 'the password is not known',
            hint: 'Use the native secret of this connection.',
          };
          return Promise.resolve(
            this.answers.get(proof.type === 'secret' ? proof.secret.reveal() : proof.fingerprint) ?? unknown,
          );
        },
        confirm: (_connection, _clientAddress, credential) => {
          const revoked: AuthoriseResponse = {
            ok: false,
            reason: 'revoked',
            message: 'the token was revoked',
            hint: 'Sign in again.',
          };
          return Promise.resolve(this.answers.get(credential.id) ?? revoked);
        },
      },
      lease: {
        problem: () => {
          this.steps.push('lease');
          return this.leaseProblem;
        },
        controlPlaneReachable: () => this.controlPlaneReachable,
      },
      policy: () => this.#policy,
      credential: (_connection, purpose) => {
        this.steps.push(purpose === 'writer' ? 'credential' : 'reader credential');
        return Promise.resolve(new Secret(this.credentials[purpose]));
      },
      noteSession: (_connection, id) => {
        this.targetSessions.add(id);
        return () => this.targetSessions.delete(id);
      },
      connect: (connection, signal) => {
        this.steps.push('connect');
        return dial(connection, signal);
      },
      allowWeakAuthentication: () => false,
      knowledge: (protocol, _connection, request) => protocol.openKnowledge(request),
      facts: new DirectFacts(languages),
      rates: new StatementRates(),
      describe: async (name, text) => {
        const language = languages.get(name);
        if (language === undefined || this.parserBroken) throw new SluiceError('unavailable', 'the parser gave up');
        return language.describe(text);
      },
      approvals: this.approvals,
      stepUp: { use: ({ connection }) => (connection.stepUp === 'none' ? null : this.unsigned) },
      openRecording: (sessionId, durability) => {
        this.steps.push('recording');
        return this.spool.writer.openSession(sessionId, durability);
      },
      digest: (text) => keyedDigest(digestKey, text),
      proofMatches: (proof, hash) =>
        equalConstantTime(
          sha256(proof.type === 'secret' ? proof.secret.reveal() : keyProofBytes(proof.fingerprint)),
          hash,
        ),
      log: (level, message, fields) => this.logged.push({ level, message, fields }),
    };
  }
}

/** Reads in this thread; equal requests get the same outcome object, as the gateway's pool gives it. */
class DirectFacts implements FactsReader {
  readonly #languages: ReadonlyMap<string, Language>;
  readonly #known = new Map<string, ReadOutcome>();

  constructor(languages: ReadonlyMap<string, Language>) {
    this.#languages = languages;
  }

  read({ language, text, session, sessionKey, catalogue }: FactsRequest): ReadOutcome {
    const key = JSON.stringify([language, sessionKey, text, catalogue?.id]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const outcome = this.#languages.get(language)?.read(text, { session, catalogue: catalogue?.data ?? null }) ?? {
      ok: false,
      reason: 'broken',
      message: 'no such language',
      position: null,
    };
    this.#known.set(key, outcome);
    return outcome;
  }
}

function compiled(source: string, version: number): PolicySnapshot {
  const result = compilePolicy(source, { detectors: detectorNames });
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return { version, policy: result.policy };
}

function dial({ address }: BundleConnection, signal: AbortSignal): ReturnType<SessionPorts['connect']> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, noDelay: true, signal });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new SluiceError('target-unreachable', 'the target is down', { cause })));
  });
}
