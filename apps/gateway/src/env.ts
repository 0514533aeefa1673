import { readFileSync } from 'node:fs';
import { z } from 'zod';

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

const schema = z.object({
  SLUICE_URL: z.url(),
  SLUICE_GATEWAY_DATA: z.string().min(1),
  SLUICE_ENROL_TOKEN: z.string().optional(),
  SLUICE_GATEWAY_NAME: z.string().min(1).max(63).default('gateway'),
  /** Where native listeners bind, whatever a bundle says. */
  SLUICE_LISTEN_HOST: z.string().default('127.0.0.1'),
  /** `host:port`, `host:*` or `*`: the targets that this gateway may dial, whatever a bundle says. */
  SLUICE_ALLOW_TARGETS: list,
  /** This gateway's own floor: a YAML file that caps what any bundle may grant. */
  SLUICE_FLOOR_FILE: z.string().min(1).optional(),
  /** Connection names whose target may be spoken to with MD5 or cleartext passwords without verified TLS. */
  SLUICE_ALLOW_WEAK_AUTHENTICATION: list,
  /** Bytes that the spool may hold before new statements are refused. */
  SLUICE_SPOOL_BYTES: z.coerce.number().int().min(1_048_576).optional(),
  /** Seconds between two looks for sessions at the targets that did not come through this gateway. */
  SLUICE_SESSION_CHECK_SECONDS: z.coerce.number().int().min(5).max(86_400).default(300),
  /** Whose first passkey this gateway believes: `first-use` takes it when it first sees it, `listed` only when the file below names it. */
  SLUICE_PASSKEY_TRUST: z.enum(['first-use', 'listed']).default('first-use'),
  /** Connection names, or `*`: decisions on their holds have to be signed by passkeys, whatever a bundle says. */
  SLUICE_STEP_UP_CONNECTIONS: list,
  /** A file of passkey fingerprints that this gateway trusts, one a line. */
  SLUICE_PASSKEY_FINGERPRINTS_FILE: z.string().min(1).optional(),
  SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export interface GatewayEnvironment {
  readonly url: string;
  readonly dataDir: string;
  readonly enrolToken: string | null;
  readonly name: string;
  readonly listenHost: string;
  readonly allowTargets: readonly string[];
  readonly floorFile: string | null;
  readonly allowWeakAuthentication: readonly string[];
  readonly spoolBytes: number | null;
  readonly sessionCheckMs: number;
  readonly stepUpConnections: readonly string[];
  readonly passkeyTrust: { readonly mode: 'first-use' | 'listed'; readonly listed: ReadonlySet<string> };
  readonly logLevel: string;
}

/** Throws with one line per wrong variable. */
export function readEnvironment(): GatewayEnvironment {
  const parsed = schema.safeParse(process.env);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`the gateway's environment is not usable:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  return {
    url: env.SLUICE_URL.replace(/\/$/, ''),
    dataDir: env.SLUICE_GATEWAY_DATA,
    enrolToken: env.SLUICE_ENROL_TOKEN ?? null,
    name: env.SLUICE_GATEWAY_NAME,
    listenHost: env.SLUICE_LISTEN_HOST,
    allowTargets: env.SLUICE_ALLOW_TARGETS,
    floorFile: env.SLUICE_FLOOR_FILE ?? null,
    allowWeakAuthentication: env.SLUICE_ALLOW_WEAK_AUTHENTICATION,
    spoolBytes: env.SLUICE_SPOOL_BYTES ?? null,
    sessionCheckMs: env.SLUICE_SESSION_CHECK_SECONDS * 1_000,
    stepUpConnections: env.SLUICE_STEP_UP_CONNECTIONS,
    passkeyTrust: {
      mode: env.SLUICE_PASSKEY_TRUST,
      listed: readFingerprints(env.SLUICE_PASSKEY_FINGERPRINTS_FILE),
    },
    logLevel: env.SLUICE_LOG_LEVEL,
  };
}

/** The value of a variable that the floor file allows a connection's credential to stand in; null when it is not set. */
export function readVariable(name: string): string | null {
  return process.env[name] ?? null;
}

/** Fingerprints as the Passkeys page shows them, with or without their spaces; `#` begins a remark. Throws at a line that is none. */
function readFingerprints(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  const lines = readFileSync(file, 'utf8').split('\n');
  const found = lines.map((line) => line.replace(/#.*$/, '').replace(/\s+/g, '')).filter((line) => line !== '');
  for (const line of found) {
    if (!/^SHA256:[0-9a-f]{64}$/.test(line))
      throw new Error(
        `the gateway's environment is not usable:\n  SLUICE_PASSKEY_FINGERPRINTS_FILE: “${line}” is no fingerprint`,
      );
  }
  return new Set(found.map((line) => line.replace(/[0-9a-f]{4}(?!$)/g, '$& ')));
}
