export type { AccessConnection, AccessOf } from './access-of.ts';
export { accessOf, readAccessRules, toAccessRule } from './access-of.ts';
export type { AgentLike, PersonLike } from './actors.ts';
export { activeOwners, actorOfPerson, actorOfServiceIdentity, agentIsActive, ownerOf } from './actors.ts';
export type { DeciderRights, StageStanding, Standing as ApprovalStanding } from './approval-standing.ts';
export {
  approverNames,
  demandsOf,
  isOwner,
  placeOf,
  rightsOfDeciders,
  stagesOf,
  standingOf,
} from './approval-standing.ts';
export type { Origin } from './audited-failures.ts';
export type { Caller } from './authenticate.ts';
export { authenticateToken, authenticateWebSession } from './authenticate.ts';
export { authoriseNativeSecret, confirmCredential } from './authorise.ts';
export type { CertificateAuthority, LeafRequest } from './certificate-authority.ts';
export { confirmPassword } from './confirm-password.ts';
export { createEnrolment, enrolGateway, enrolmentLifeMs } from './enrolment.ts';
export { grantsEverywhere, grantsOf, onlyStanding } from './grants-of.ts';
export { inRun } from './in-run.ts';
export type { InstallationKeys, RotatedKey, SshAuthority } from './installation.ts';
export { finishKeyRotation, openInstallation } from './installation.ts';
export type { OutsideKeys } from './keys-in-use.ts';
export { noteKeysInUse } from './keys-in-use.ts';
export { safeRedirect } from './redirects.ts';
export { rightsOfPeople, rightsOfPerson, rightsOfServiceIdentity, rightsWithin } from './rights-of.ts';
export type { SignInResult } from './sign-in.ts';
export { signInByProvider, signInLocally, signOut, webSessionMs } from './sign-in.ts';
export { sooner } from './sooner.ts';
export type { Standing } from './standing.ts';
export { admit, standingOfPerson } from './standing.ts';
