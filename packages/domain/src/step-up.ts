/**
 * Step-up: where a connection asks for it, a decision is a passkey assertion (WebAuthn Level 3) that the gateway verifies itself.
 * What is signed is written down here once, for the page that asks, the control plane that stores and the gateway that believes.
 */
import { z } from 'zod';

/** `none`: a signed-in person's click decides. `passkey`: their passkey has to sign the decision. */
export const stepUps = ['none', 'passkey'] as const;
export const stepUpSchema = z.enum(stepUps);
export type StepUp = z.infer<typeof stepUpSchema>;

/** Passkeys that one person may have at a time. Those removed stay listed, so that a gateway never takes one for new. */
export const maxPasskeysOfPerson = 10;
/** Longest parts of an assertion, in characters of base64url: client data names an origin; extensions may follow authenticator data. */
const maxClientDataCharacters = 4_096;
const maxAuthenticatorDataCharacters = 4_096;
/** RSA-4096 signs 512 bytes. */
const maxSignatureCharacters = 1_024;
/** WebAuthn bounds a credential id to 1,023 bytes. */
const maxCredentialIdCharacters = 1_364;
const maxPublicKeyCharacters = 1_024;

const base64url = /^[A-Za-z0-9_-]+$/;
const bytes = (max: number) => z.string().min(1).max(max).regex(base64url, 'base64url');

/** What a browser answers to `navigator.credentials.get`, less what nobody needs. All base64url. */
export const assertionSchema = z.strictObject({
  credentialId: bytes(maxCredentialIdCharacters),
  clientData: bytes(maxClientDataCharacters),
  authenticatorData: bytes(maxAuthenticatorDataCharacters),
  signature: bytes(maxSignatureCharacters),
});
export type Assertion = z.infer<typeof assertionSchema>;

/** A person's passkey as gateways get it. `publicKey` is SPKI DER in base64url. */
export const bundlePasskeySchema = z.strictObject({
  credentialId: bytes(maxCredentialIdCharacters),
  publicKey: bytes(maxPublicKeyCharacters),
  personId: z.string(),
  personName: z.string(),
  /** The person's earlier passkey that signed this one in; null for the first. */
  vouch: assertionSchema.nullable(),
  removed: z.boolean(),
});
export type BundlePasskey = z.infer<typeof bundlePasskeySchema>;

/** One person's answer as the gateway sees it. */
export const statusDecisionSchema = z.strictObject({
  personId: z.string(),
  name: z.string(),
  outcome: z.enum(['approve', 'deny']),
  assertion: assertionSchema.nullable(),
});
export type StatusDecision = z.infer<typeof statusDecisionSchema>;

export interface DecisionSubject {
  readonly gatewayId: string;
  readonly approvalId: string;
  readonly effectDigest: string;
  readonly outcome: 'approve' | 'deny';
  readonly personId: string;
}

/**
 * The text that a decision signs: its SHA-256 is the assertion's challenge. JSON of an array in this order, UTF-8, no white space. The
 * effect digest is keyed by the gateway and covers statement, values, connection, state, definitions, actor and rule, so the signature
 * says yes to one effect and to nothing else.
 */
export function decisionText(subject: DecisionSubject): string {
  const { gatewayId, approvalId, effectDigest, outcome, personId } = subject;
  return JSON.stringify(['sluice-decision-v1', gatewayId, approvalId, effectDigest, outcome, personId]);
}

/** The text that an earlier passkey signs to vouch for a new one of the same person. */
export function passkeyText(passkey: Pick<BundlePasskey, 'personId' | 'credentialId' | 'publicKey'>): string {
  return JSON.stringify(['sluice-passkey-v1', passkey.personId, passkey.credentialId, passkey.publicKey]);
}

/** The text that a passkey signs to remove one of its person's. */
export function passkeyRemovalText(passkey: { readonly personId: string; readonly passkeyId: string }): string {
  return JSON.stringify(['sluice-passkey-removal-v1', passkey.personId, passkey.passkeyId]);
}
