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
    logLevel: env.SLUICE_LOG_LEVEL,
  };
}

/** The value of a variable that the floor file allows a connection's credential to stand in; null when it is not set. */
export function readVariable(name: string): string | null {
  return process.env[name] ?? null;
}
