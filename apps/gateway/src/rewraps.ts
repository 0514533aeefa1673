/**
 * Giving credentials on to other gateways of the group. This gateway opens its own envelope and seals what is inside for the same
 * connection, address and purpose to a member's key, and does so for no key that only the control plane vouches for: the key's
 * fingerprint stands in the floor file, or somebody typed a code of this gateway's own when they confirmed it.
 */
import {
  type BundleConnection,
  type CredentialPurpose,
  type Rewrap,
  type Rewraps as RewrapsAnswer,
  type SealedEnvelope,
  type Secret,
  SluiceError,
  type TargetCredential,
} from '@sluice/domain';
import { confirmMemberKeys, equalConstantTime, fingerprint } from '@sluice/keys';
import { openCredential, sealCredential } from '@sluice/keys/sealing';
import type { Floor } from '@sluice/policy';
import type { StateStore } from './state-store.ts';

type Member = RewrapsAnswer['members'][number];

export interface RewrapsParts {
  readonly gatewayId: string;
  readonly sealingKey: string;
  /** Key pairs that this gateway had before and has not let go of. */
  readonly formerSealing: readonly { readonly publicKey: string; readonly privateKey: Secret }[];
  readonly store: Pick<
    StateStore,
    'confirmationCode' | 'dropConfirmationCode' | 'trustedMembers' | 'keepTrustedMembers'
  >;
  readonly floor: () => Floor | null;
  readonly list: () => Promise<RewrapsAnswer>;
  readonly send: (rewrap: Rewrap) => Promise<void>;
  readonly connection: (id: string) => BundleConnection | undefined;
  readonly open: (connection: BundleConnection, purpose: CredentialPurpose) => Promise<Secret<TargetCredential>>;
  readonly log: (message: string, fields: Record<string, unknown>) => void;
}

export class Rewraps {
  readonly #parts: RewrapsParts;
  #running: Promise<void> | null = null;

  constructor(parts: RewrapsParts) {
    this.#parts = parts;
  }

  /** Looks whether somebody lacks what this gateway has. One look at a time. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#look()
      .catch((error: unknown) => this.#parts.log('credentials could not be given on', { error: String(error) }))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #look(): Promise<void> {
    const answer = await this.#parts.list();
    for (const { connectionId, purpose, envelope } of answer.outdated)
      await this.#renew(connectionId, purpose, envelope);
    if (answer.missing.length === 0) return;
    const trusted = new Map<string, Member>();
    for (const member of answer.members)
      if (await this.#trusts(answer.groupId, member)) trusted.set(member.gatewayId, member);
    for (const { connectionId, purpose, gatewayId } of answer.missing) {
      const member = trusted.get(gatewayId);
      if (member !== undefined) await this.#give(connectionId, purpose, member);
    }
  }

  /** Whether this gateway may seal to the member's key; notes a key that a code vouched for, and spends the code. */
  async #trusts(groupId: string, member: Member): Promise<boolean> {
    const { store, floor, log } = this.#parts;
    const { gatewayId, signingKey, sealingKey, confirmation, name } = member;
    const listed = floor()?.members ?? null;
    if (listed !== null) return listed.includes(fingerprint(sealingKey).replace(/\s+/g, '').toLowerCase());
    const known = store.trustedMembers();
    if (known.some((one) => one.gatewayId === gatewayId && one.sealingKey === sealingKey)) return true;
    const code = store.confirmationCode(Date.now());
    if (code === null || confirmation === null) {
      log('a member waits for credentials, and nobody confirmed it with a code of this gateway', { member: name });
      return false;
    }
    const expected = await confirmMemberKeys(code, { groupId, gatewayId, signingKey, sealingKey });
    if (!equalConstantTime(expected, confirmation)) {
      log('a member’s confirmation is not one of this gateway’s code: it gets no credential', { member: name });
      return false;
    }
    store.keepTrustedMembers([...known.filter((one) => one.gatewayId !== gatewayId), { gatewayId, sealingKey }]);
    store.dropConfirmationCode();
    log('a member was confirmed with this gateway’s code', { member: name, sealingKey: fingerprint(sealingKey) });
    return true;
  }

  async #give(connectionId: string, purpose: CredentialPurpose, member: Member): Promise<void> {
    const { connection: find, open, send, log } = this.#parts;
    const connection = find(connectionId);
    if (connection === undefined) return;
    try {
      const credential = await open(connection, purpose);
      const envelope = await sealed(member.sealingKey, connection, purpose, credential.reveal());
      await send({ connectionId, purpose, gatewayId: member.gatewayId, envelope });
      // Said where the control plane cannot unsay it.
      log('a credential was sealed for a member', { connection: connection.name, purpose, member: member.name });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      log('a credential could not be given on', { connection: connection.name, purpose, error: error.message });
    }
  }

  /** An envelope for a key that this gateway had before, sealed to the one that it has. */
  async #renew(connectionId: string, purpose: CredentialPurpose, envelope: SealedEnvelope): Promise<void> {
    const { connection: find, formerSealing, sealingKey, gatewayId, send, log } = this.#parts;
    const connection = find(connectionId);
    const former = formerSealing.find(({ publicKey }) => publicKey === envelope.recipient);
    if (connection === undefined || former === undefined) return;
    try {
      const credential = await openCredential(former.privateKey, connection.address, connectionId, envelope, purpose);
      await send({
        connectionId,
        purpose,
        gatewayId,
        envelope: await sealed(sealingKey, connection, purpose, credential),
      });
      log('a credential was sealed to this gateway’s new key', { connection: connection.name, purpose });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      log('a credential could not be sealed anew', { connection: connection.name, purpose, error: error.message });
    }
  }
}

function sealed(
  recipientKey: string,
  { address, id }: BundleConnection,
  purpose: CredentialPurpose,
  credential: TargetCredential,
): Promise<SealedEnvelope> {
  return sealCredential({ recipientKey, address, connectionId: id, credential, purpose });
}
