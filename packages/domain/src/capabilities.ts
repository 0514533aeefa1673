/**
 * What a gateway may be asked to enforce, by name and number. A bundle lists what it needs and a gateway declares what it has, so that
 * an older gateway refuses what it would otherwise obey by half (design section 4). A feature that an older gateway would not enforce
 * gets a line here, and what asks for it says so: `ruleCapabilities` in @sluice/policy for a rule's key, `neededCapabilities` in
 * @sluice/api for what a connection holds.
 */
export const capabilities = [
  /** Rules that allow, deny and monitor. */
  'policy-1',
  /** Masks by column and detector. */
  'mask-1',
  /** Holds for a count of people among named groups. */
  'hold-1',
  /** Stages, escalation, a reason, a ticket and a reviewer's comment. */
  'hold-2',
  /** Rehearsing held statements. */
  'rehearsal-1',
  /** Keeping what an approved statement changes, and reverting it. */
  'undo-1',
  /** Row ceilings. */
  'ceiling-1',
  /** Limits on rows, bytes and statements per minute. */
  'limit-1',
  /** Maintenance windows, by the gateway's own clock. */
  'maintenance-1',
  /** Recordings as chunks with checkpoints. */
  'recording-1',
  /** Records that survive a power cut before anything runs. */
  'synced-1',
  /** What recordings keep of results, set for each connection. */
  'recorded-results-1',
  /** A reader's credential beside the writer's. */
  'reader-1',
  /** Credentials that stand where the gateway runs. */
  'reference-1',
  /** Bundles that hand over to the next signing key. */
  'handover-1',
  /** Decisions that passkeys signed. */
  'step-up-1',
  /** Rules that test the roles held on the connection. */
  'roles-1',
] as const;
export type Capability = (typeof capabilities)[number];

/** The capability of speaking a protocol. */
export function protocolCapability(protocol: string): string {
  return `protocol-${protocol}`;
}

/** What of `needed` is not among `declared`, each once, in the order of `needed`. */
export function lackingCapabilities(needed: readonly string[], declared: readonly string[]): readonly string[] {
  return [...new Set(needed)].filter((capability) => !declared.includes(capability));
}
