import { readFileSync } from 'node:fs';
import { Secret } from '@sluice/domain';
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

const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'a range of ports such as 16432-16531')
  .transform((text) => {
    const [from = 0, to = 0] = text.split('-').map(Number);
    return { from, to };
  })
  .refine(({ from, to }) => from >= 1 && from <= to && to <= 65_535, 'a range of ports between 1 and 65535');

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));

const schema = z
  .object({
    NODE_ENV: z.string().default('development'),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
    SLUICE_PORT: z.coerce.number().int().min(0).max(65_535).default(3100),
    /** The address on which the HTTP server listens; 0.0.0.0 for all of the machine's. */
    SLUICE_HOST: z.string().default('127.0.0.1'),
    /** As browsers and gateways know it; signatures, redirects and links are made with it. */
    SLUICE_PUBLIC_URL: url,
    /** Other origins under which gateways reach the control plane, where they do not use the public one. */
    SLUICE_INTERNAL_URLS: list.pipe(z.array(url)),
    /** 32 random bytes in base64url. Whoever has it and the database has the installation's keys. */
    SLUICE_MASTER_KEY_FILE: z.string().min(1),
    /** The master key before, while it is being changed. */
    SLUICE_OLD_MASTER_KEY_FILE: z.string().min(1).optional(),
    AUTH_SECRET: z.string().min(32, 'at least 32 characters'),
    /** The secret before: cookies that it signed are still good, new ones are signed with AUTH_SECRET. */
    AUTH_SECRET_PREVIOUS: z.string().min(32, 'at least 32 characters').optional(),
    AUTH_URL: url.optional(),
    SLUICE_RELAY_HOST: z.string().default('127.0.0.1'),
    SLUICE_RELAY_PORTS: portRange.default({ from: 16_432, to: 16_531 }),
    SLUICE_LISTENER_PORTS: portRange.default({ from: 15_432, to: 15_531 }),
    /** Addresses and subnets of load balancers whose X-Forwarded-For and PROXY headers are believed. */
    SLUICE_TRUSTED_PROXIES: list,
    /** Private addresses and subnets that webhooks and Slack may lead to; none without it. */
    SLUICE_NOTIFY_ALLOW_ADDRESSES: list,
    /** A folder below which event streams may write files; without it there are no file streams. */
    SLUICE_EVENT_FILES: z.string().min(1).optional(),
    SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    /** Single sign-on beside local users: all four or none. */
    SLUICE_OIDC_NAME: z.string().optional(),
    SLUICE_OIDC_ISSUER: z.url().optional(),
    SLUICE_OIDC_CLIENT_ID: z.string().optional(),
    SLUICE_OIDC_CLIENT_SECRET: z.string().optional(),
  })
  .refine(
    (env) => {
      const given = [
        env.SLUICE_OIDC_NAME,
        env.SLUICE_OIDC_ISSUER,
        env.SLUICE_OIDC_CLIENT_ID,
        env.SLUICE_OIDC_CLIENT_SECRET,
      ];
      return given.every((one) => one === undefined) || given.every((one) => one !== undefined);
    },
    {
      path: ['SLUICE_OIDC_ISSUER'],
      message: 'set all of SLUICE_OIDC_NAME, _ISSUER, _CLIENT_ID and _CLIENT_SECRET, or none',
    },
  );

export interface OidcProvider {
  readonly type: 'oidc';
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface WebEnvironment {
  readonly development: boolean;
  readonly databaseUrl: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly internalUrls: readonly string[];
  readonly masterKey: Secret;
  readonly oldMasterKey: Secret | null;
  /** The one in force first. */
  readonly authSecrets: readonly [Secret, ...Secret[]];
  readonly relayHost: string;
  readonly relayPorts: { readonly from: number; readonly to: number };
  readonly listenerPorts: { readonly from: number; readonly to: number };
  readonly trustedProxies: readonly string[];
  readonly notifyAllowAddresses: readonly string[];
  readonly eventFolder: string | null;
  readonly logLevel: string;
  readonly oidc: OidcProvider | null;
}

/** Reads and checks the environment. Throws with one line per wrong variable; no line shows a value. */
export function readEnvironment(source: Readonly<Record<string, string | undefined>> = process.env): WebEnvironment {
  const parsed = schema.safeParse(source);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`the control plane's environment is not usable:\n${lines.join('\n')}`);
  }
  const env = parsed.data;
  return {
    development: env.NODE_ENV !== 'production',
    databaseUrl: env.DATABASE_URL,
    host: env.SLUICE_HOST,
    port: env.SLUICE_PORT,
    publicUrl: env.SLUICE_PUBLIC_URL,
    internalUrls: env.SLUICE_INTERNAL_URLS,
    masterKey: readMasterKey(env.SLUICE_MASTER_KEY_FILE),
    oldMasterKey: env.SLUICE_OLD_MASTER_KEY_FILE === undefined ? null : readMasterKey(env.SLUICE_OLD_MASTER_KEY_FILE),
    authSecrets: [
      new Secret(env.AUTH_SECRET),
      ...(env.AUTH_SECRET_PREVIOUS === undefined ? [] : [new Secret(env.AUTH_SECRET_PREVIOUS)]),
    ],
    relayHost: env.SLUICE_RELAY_HOST,
    relayPorts: env.SLUICE_RELAY_PORTS,
    listenerPorts: env.SLUICE_LISTENER_PORTS,
    trustedProxies: env.SLUICE_TRUSTED_PROXIES,
    notifyAllowAddresses: env.SLUICE_NOTIFY_ALLOW_ADDRESSES,
    eventFolder: env.SLUICE_EVENT_FILES ?? null,
    logLevel: env.SLUICE_LOG_LEVEL,
    oidc: oidcOf(env),
  };
}

function oidcOf(env: z.output<typeof schema>): OidcProvider | null {
  const { SLUICE_OIDC_NAME: name, SLUICE_OIDC_ISSUER: issuer } = env;
  const { SLUICE_OIDC_CLIENT_ID: clientId, SLUICE_OIDC_CLIENT_SECRET: clientSecret } = env;
  if (name === undefined || issuer === undefined || clientId === undefined || clientSecret === undefined) return null;
  return { type: 'oidc', id: 'oidc', name, issuer, clientId, clientSecret };
}

function readMasterKey(file: string): Secret {
  const text = readFileSync(file, 'utf8').trim();
  if (!/^[A-Za-z0-9_-]{43,}$/.test(text))
    throw new Error(
      "the control plane's environment is not usable:\n  SLUICE_MASTER_KEY_FILE: the file must hold 32 random bytes in base64url",
    );
  return new Secret(text);
}
