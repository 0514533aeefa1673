/**
 * Which passkeys this gateway believes. It decides that for itself: the control plane's list only proposes. A person's first passkey is
 * taken when it is first seen (or only when its fingerprint is in the gateway's own file); every later one has to be vouched for by one
 * that the gateway took before. What was removed, or known under another key, never comes back.
 */
import { type Bundle, type BundlePasskey, passkeyText } from '@sluice/domain';
import { fingerprint, verifyAssertion } from '@sluice/keys';
import { z } from 'zod';

/** Counters of one passkey that are remembered: decisions reach a gateway in another order than they were signed. */
const rememberedCounters = 64;
/** Passkeys of one installation, removed ones too. */
const maxPinnedPasskeys = 20_000;

export const pinnedPasskeySchema = z.strictObject({
  credentialId: z.string(),
  publicKey: z.string(),
  /** For people who read this file: what the Passkeys page shows. */
  fingerprint: z.string(),
  personId: z.string(),
  personName: z.string(),
  /** The host name it was made for, as it was when the passkey was taken. */
  rpId: z.string(),
  /** Why it was taken. */
  trust: z.enum(['first-use', 'listed', 'vouched']),
  takenAt: z.iso.datetime(),
  removed: z.boolean(),
  /** The newest counters seen, ascending. */
  counters: z.array(z.int().min(0)),
});
export type PinnedPasskey = z.infer<typeof pinnedPasskeySchema>;
export const pinnedPasskeysSchema = z.array(pinnedPasskeySchema).max(maxPinnedPasskeys);

export interface PasskeyTrust {
  /** `first-use`: a person's first passkey is taken when first seen. `listed`: only those in the gateway's own file are, and what they vouch for. */
  readonly mode: 'first-use' | 'listed';
  /** Fingerprints of the gateway's own file. */
  readonly listed: ReadonlySet<string>;
}

export interface PinnedPasskeysOptions {
  readonly stored: readonly PinnedPasskey[];
  readonly keep: (passkeys: readonly PinnedPasskey[]) => void;
  readonly trust: PasskeyTrust;
  readonly now: () => number;
  readonly log: (level: 'info' | 'warn', message: string, fields: Record<string, unknown>) => void;
}

export class PinnedPasskeys {
  readonly #options: PinnedPasskeysOptions;
  readonly #byCredential: Map<string, PinnedPasskey>;
  /** Said once per start, not with every bundle. */
  readonly #refused = new Set<string>();

  constructor(options: PinnedPasskeysOptions) {
    this.#options = options;
    this.#byCredential = new Map(options.stored.map((passkey) => [passkey.credentialId, passkey]));
  }

  /** Looks at a bundle's passkeys, in the order in which they were registered, and takes those that it may. */
  update({ passkeys, publicUrl }: Pick<Bundle, 'passkeys' | 'publicUrl'>): void {
    let changed = false;
    for (const offered of passkeys) if (this.#take(offered, publicUrl)) changed = true;
    // Removal comes last: one that is gone by now may have vouched for another while the gateway was away.
    for (const { credentialId, removed } of passkeys) {
      const known = this.#byCredential.get(credentialId);
      if (!removed || known === undefined || known.removed) continue;
      this.#byCredential.set(credentialId, { ...known, removed: true });
      changed = true;
    }
    if (changed) this.#keep();
  }

  /** A passkey that counts; else a sentence's end that says why it does not. */
  find(credentialId: string, personId: string): PinnedPasskey | string {
    const known = this.#byCredential.get(credentialId);
    if (known === undefined) return 'this gateway does not trust the passkey';
    if (known.removed) return 'the passkey was removed';
    if (known.personId !== personId) return 'the passkey is somebody else’s';
    return known;
  }

  /** Whether a counter may be a passkey's next; notes it when it may. A counter that comes twice means that there are two of the key. */
  noteCounter(credentialId: string, counter: number): boolean {
    const known = this.#byCredential.get(credentialId);
    if (known === undefined) return false;
    const { counters } = known;
    const keepsNone = counter === 0 && counters.length === 0;
    if (keepsNone) return true;
    const isFull = counters.length >= rememberedCounters;
    if (counter === 0 || counters.includes(counter) || (isFull && counter < (counters[0] ?? 0))) return false;
    const next = [...counters, counter].sort((a, b) => a - b).slice(-rememberedCounters);
    this.#byCredential.set(credentialId, { ...known, counters: next });
    this.#keep();
    return true;
  }

  #take(offered: BundlePasskey, publicUrl: string): boolean {
    const { credentialId, publicKey, personId, personName } = offered;
    const known = this.#byCredential.get(credentialId);
    if (known !== undefined) {
      if (known.publicKey !== publicKey || known.personId !== personId)
        this.#refuse(offered, 'it is known under another key or person');
      return false;
    }
    const trust = this.#byCredential.size >= maxPinnedPasskeys ? null : this.#trustOf(offered, publicUrl);
    if (trust === null) {
      this.#refuse(offered, 'none of the person’s passkeys that this gateway trusts vouches for it');
      return false;
    }
    const taken: PinnedPasskey = {
      credentialId,
      publicKey,
      fingerprint: fingerprint(publicKey),
      personId,
      personName,
      rpId: new URL(publicUrl).hostname,
      trust,
      takenAt: new Date(this.#options.now()).toISOString(),
      removed: false,
      counters: [],
    };
    this.#byCredential.set(credentialId, taken);
    this.#options.log('info', 'a passkey is trusted from now on', {
      person: personName,
      personId,
      fingerprint: taken.fingerprint,
      trust,
    });
    return true;
  }

  #trustOf(offered: BundlePasskey, publicUrl: string): PinnedPasskey['trust'] | null {
    const { mode, listed } = this.#options.trust;
    if (listed.has(fingerprint(offered.publicKey))) return 'listed';
    if (this.#isVouchedFor(offered, publicUrl)) return 'vouched';
    const isFirst = ![...this.#byCredential.values()].some(({ personId }) => personId === offered.personId);
    return mode === 'first-use' && isFirst ? 'first-use' : null;
  }

  #isVouchedFor(offered: BundlePasskey, publicUrl: string): boolean {
    const { vouch } = offered;
    if (vouch === null) return false;
    const by = this.find(vouch.credentialId, offered.personId);
    if (typeof by === 'string') return false;
    const { origin } = new URL(publicUrl);
    return verifyAssertion({
      assertion: vouch,
      publicKey: by.publicKey,
      text: passkeyText(offered),
      rpId: by.rpId,
      origin,
    }).ok;
  }

  #refuse({ credentialId, personName, publicKey, removed }: BundlePasskey, because: string): void {
    if (removed || this.#refused.has(credentialId)) return;
    this.#refused.add(credentialId);
    this.#options.log('warn', 'a passkey is not trusted', {
      person: personName,
      fingerprint: fingerprint(publicKey),
      because,
    });
  }

  #keep(): void {
    this.#options.keep([...this.#byCredential.values()]);
  }
}
