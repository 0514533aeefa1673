/** What a gateway keeps on its own disk: keys (made here, never leave), who it is, and the last bundle. */
import { generateKeyPairSync } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Rotation, rotationSchema, Secret, type SignedBundle, signedBundleSchema } from '@sluice/domain';
import { generateSigningKeys, type SigningKeys, signingKeysOf } from '@sluice/keys';
import { generateSealingKeys } from '@sluice/keys/sealing';
import { z } from 'zod';
import { type PinnedPasskey, pinnedPasskeysSchema } from './pinned-passkeys.ts';
import { usedApprovalsSchema } from './step-up.ts';

const keysSchema = z.strictObject({
  signing: z.string(),
  sealing: z.strictObject({ publicKey: z.string(), privateKey: z.string() }),
  /** Key of effect digests and stable tokens. */
  digest: z.string(),
  /** Sealing keys from before a re-key, kept until every envelope was sealed to the new one. */
  former: z.array(z.strictObject({ publicKey: z.string(), privateKey: z.string() })).default([]),
});

const hostKeySchema = z.strictObject({ privateKey: z.string() });
const codeSchema = z.strictObject({ code: z.string(), expiresAt: z.iso.datetime() });
const membersSchema = z.array(z.strictObject({ gatewayId: z.string(), sealingKey: z.string() }));
export type TrustedMember = z.infer<typeof membersSchema>[number];

const enrolmentSchema = z.strictObject({
  gatewayId: z.string(),
  url: z.string(),
  bundleKey: z.strictObject({ keyId: z.string(), publicKey: z.string() }),
  caRoot: z.string(),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;
const nextKeySchema = enrolmentSchema.shape.bundleKey.nullable();

export interface GatewayKeys {
  readonly signing: SigningKeys;
  readonly sealing: { readonly publicKey: string; readonly privateKey: Secret };
  readonly digest: Secret;
  readonly formerSealing: readonly { readonly publicKey: string; readonly privateKey: Secret }[];
}

export class StateStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  get undoDir(): string {
    return join(this.#dir, 'undo');
  }

  get spoolDir(): string {
    return join(this.#dir, 'spool');
  }

  async keys(randomDigestKey: () => string): Promise<GatewayKeys> {
    const stored = this.#read('keys.json', keysSchema);
    if (stored !== null) {
      return {
        signing: signingKeysOf(new Secret(stored.signing)),
        sealing: { publicKey: stored.sealing.publicKey, privateKey: new Secret(stored.sealing.privateKey) },
        digest: new Secret(stored.digest),
        formerSealing: stored.former.map(({ publicKey, privateKey }) => ({
          publicKey,
          privateKey: new Secret(privateKey),
        })),
      };
    }
    const signing = generateSigningKeys();
    const sealing = await generateSealingKeys();
    const digest = new Secret(randomDigestKey());
    const keys = { signing, sealing, digest, formerSealing: [] };
    this.keepKeys(keys);
    return keys;
  }

  keepKeys({ signing, sealing, digest, formerSealing }: GatewayKeys): void {
    const written = ({ publicKey, privateKey }: GatewayKeys['sealing']) => ({
      publicKey,
      privateKey: privateKey.reveal(),
    });
    this.#write('keys.json', {
      signing: signing.privateKey.reveal(),
      sealing: written(sealing),
      digest: digest.reveal(),
      former: formerSealing.map(written),
    });
  }

  /** The Ed25519 key (PKCS #8 PEM) by which clients of protocols with host keys know this gateway; made at its first use. */
  hostKey(): Secret {
    const stored = this.#read('host-key.json', hostKeySchema);
    if (stored !== null) return new Secret(stored.privateKey);
    const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.#write('host-key.json', { privateKey });
    return new Secret(privateKey);
  }

  /** What the control plane last said of the host key, as it signed it; null: nothing yet. */
  hostCertificates(): SignedBundle | null {
    return this.#read('host-certificates.json', signedBundleSchema);
  }

  keepHostCertificates(signed: SignedBundle): void {
    this.#write('host-certificates.json', signed);
  }

  /** The control plane's key after its rotation, as a pinned key signed it; null: none is under way. */
  nextBundleKey(): Enrolment['bundleKey'] | null {
    return this.#read('next-bundle-key.json', nextKeySchema);
  }

  /** Written only when it changes: a bundle comes with every change of anything. */
  keepNextBundleKey(key: Enrolment['bundleKey'] | null): void {
    if (this.nextBundleKey()?.keyId !== key?.keyId) this.#write('next-bundle-key.json', key);
  }

  /** Puts the key that signs now in the place of the one that was pinned at enrolment. */
  keepPinnedKey(bundleKey: Enrolment['bundleKey']): void {
    const enrolment = this.enrolment();
    if (enrolment !== null) this.keepEnrolment({ ...enrolment, bundleKey });
  }

  /** The code that a member may be confirmed with; null when there is none or it has expired. */
  confirmationCode(now: number): string | null {
    const kept = this.#read('confirmation-code.json', codeSchema.nullable());
    return kept !== null && Date.parse(kept.expiresAt) > now ? kept.code : null;
  }

  keepConfirmationCode(code: string, expiresAt: Date): void {
    this.#write('confirmation-code.json', { code, expiresAt: expiresAt.toISOString() });
  }

  /** A code confirms one member. */
  dropConfirmationCode(): void {
    this.#write('confirmation-code.json', null);
  }

  /** Members whose keys somebody confirmed with a code of this gateway. */
  trustedMembers(): readonly TrustedMember[] {
    return this.#read('members.json', membersSchema) ?? [];
  }

  keepTrustedMembers(members: readonly TrustedMember[]): void {
    this.#write('members.json', members);
  }

  enrolment(): Enrolment | null {
    return this.#read('enrolment.json', enrolmentSchema);
  }

  keepEnrolment(enrolment: Enrolment): void {
    this.#write('enrolment.json', enrolment);
  }

  /** A rotation whose end is not known yet; null: there is none. */
  rotation(): Rotation | null {
    return this.#read('rotation.json', rotationSchema.nullable());
  }

  keepRotation(rotation: Rotation | null): void {
    this.#write('rotation.json', rotation);
  }

  /** The passkeys that this gateway trusts: a readable list of people and fingerprints. */
  passkeys(): readonly PinnedPasskey[] {
    return this.#read('passkeys.json', pinnedPasskeysSchema) ?? [];
  }

  keepPasskeys(passkeys: readonly PinnedPasskey[]): void {
    this.#write('passkeys.json', passkeys);
  }

  /** Ids of signed approvals that were used and could still be sent again. */
  usedApprovals(): readonly string[] {
    return this.#read('used-approvals.json', usedApprovalsSchema) ?? [];
  }

  keepUsedApprovals(ids: readonly string[]): void {
    this.#write('used-approvals.json', ids);
  }

  bundle(): SignedBundle | null {
    return this.#read('bundle.json', signedBundleSchema);
  }

  keepBundle(bundle: SignedBundle): void {
    this.#write('bundle.json', bundle);
  }

  #read<T>(name: string, schema: z.ZodType<T>): T | null {
    const file = join(this.#dir, name);
    if (!existsSync(file)) return null;
    const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!parsed.success)
      throw new Error(`${file} is damaged; restore it from a back-up or enrol this gateway anew in an empty folder`);
    return parsed.data;
  }

  /** Whole or not at all: written beside, synced, renamed. */
  #write(name: string, value: unknown): void {
    const file = join(this.#dir, name);
    const fd = openSync(`${file}.new`, 'w', 0o600);
    try {
      writeSync(fd, JSON.stringify(value));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(`${file}.new`, file);
  }
}
