export type { AssertionCheck, AssertionResult } from './assertions.ts';
export { challengeOf, passkeyObject, verifyAssertion } from './assertions.ts';
export type { AtRest } from './at-rest.ts';
export {
  atRestWith,
  channelSecretContext,
  keyMark,
  makeRowKey,
  openAtRest,
  sealAtRest,
  streamSecretContext,
} from './at-rest.ts';
export type { BackupFiles } from './backup.ts';
export { minPassphraseLength, openBackup, sealBackup } from './backup.ts';
export { decodeBase64url, equalConstantTime, keyedDigest, sha256 } from './digest.ts';
export { newId } from './ids.ts';
export type { MemberKeys } from './member-confirmation.ts';
export { confirmMemberKeys, newConfirmationCode } from './member-confirmation.ts';
export { hashPassword, maxPasswordLength, verifyPassword } from './passwords.ts';
export type { PublicKeyLine } from './public-key-line.ts';
export { maxPublicKeyLineCharacters, readPublicKeyLine } from './public-key-line.ts';
export type { SignatureHeaders, SignRequest, VerifyRequest } from './request-signature.ts';
export { contentDigest, signatureWindowSeconds, signRequest, verifyRequest } from './request-signature.ts';
export type { OpenSignedRequest, SignatureContext, SignedJson, SigningKeys } from './signing.ts';
export {
  bundleContext,
  fingerprint,
  generateSigningKeys,
  hostCertificatesContext,
  hostKeyContext,
  keyIdOf,
  openSigned,
  signBytes,
  signingKeysOf,
  signJson,
  ticketContext,
  verifyBytes,
} from './signing.ts';
export type { SshCertificate, SshCertificateRequest } from './ssh-certificate.ts';
export { certificateBackdateMs, signSshCertificate, sshFingerprint, sshKeyLine } from './ssh-certificate.ts';
export type { TokenKind } from './tokens.ts';
export { mintToken, parseToken, tokenDisplay, tokenHash, tokenKinds } from './tokens.ts';
