/** Where this person is signed in: one file readable by its owner only. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Secret } from '@sluice/domain';
import { z } from 'zod';
import type { CliEnvironment } from './env.ts';
import { CliError, exitCodes } from './exit-codes.ts';

const configSchema = z.strictObject({ url: z.url(), token: z.string() });

export interface SignIn {
  readonly url: string;
  readonly token: Secret;
  /** The run that it is used in. */
  readonly run: string | null;
}

/** The environment wins over the file. Throws CliError when neither says enough. */
export function signedIn(env: CliEnvironment): SignIn {
  const kept = readConfig(env.configFile);
  const url = env.url ?? kept?.url ?? null;
  const token = env.token ?? kept?.token ?? null;
  if (url === null || token === null) {
    throw new CliError(
      exitCodes.notSignedIn,
      'not signed in',
      'Run `sluice login URL`, or set SLUICE_URL and SLUICE_TOKEN.',
    );
  }
  return { url: url.replace(/\/$/, ''), token: new Secret(token), run: env.run };
}

export function keepSignIn(env: CliEnvironment, url: string, token: Secret): void {
  mkdirSync(dirname(env.configFile), { recursive: true, mode: 0o700 });
  writeFileSync(`${env.configFile}.new`, `${JSON.stringify({ url, token: token.reveal() }, null, 2)}\n`, {
    mode: 0o600,
  });
  renameSync(`${env.configFile}.new`, env.configFile);
}

function readConfig(file: string): z.infer<typeof configSchema> | null {
  if (!existsSync(file)) return null;
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    text = null;
  }
  const parsed = configSchema.safeParse(text);
  if (!parsed.success)
    throw new CliError(exitCodes.notSignedIn, `${file} is not readable`, 'Run `sluice login URL` again.');
  return parsed.data;
}
