/** Exports: fetched from the control plane, read from the disk, and whose keys are believed. */
import { createWriteStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { keyIdOf } from '@sluice/keys';
import type { SignIn } from './config.ts';
import { CliError, exitCodes } from './exit-codes.ts';

/** How long an export may take, in ms: a gateway's whole history is long. */
const downloadTimeoutMs = 3_600_000;

/** Writes what the control plane answers to the path into a file. Throws CliError. */
export async function download(signIn: SignIn, path: string, file: string): Promise<void> {
  const answer = await fetch(`${signIn.url}${path}`, {
    headers: { authorization: `Bearer ${signIn.token.reveal()}` },
    signal: AbortSignal.timeout(downloadTimeoutMs),
  }).catch((error: unknown) => {
    throw new CliError(exitCodes.unavailable, `the control plane cannot be reached: ${messageOf(error)}`);
  });
  if (!answer.ok) throw refused(answer.status, await answer.text().catch(() => ''));
  if (answer.body === null) throw new CliError(exitCodes.failed, 'the control plane answered nothing');
  try {
    await pipeline(Readable.fromWeb(answer.body as never), createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    throw new CliError(exitCodes.failed, `the export was cut off: ${messageOf(error)}`, 'Try again.');
  }
}

function refused(status: number, body: string): CliError {
  const codes: Readonly<Record<number, number>> = {
    401: exitCodes.notSignedIn,
    403: exitCodes.forbidden,
    404: exitCodes.notFound,
  };
  let message = `the control plane answered ${status}`;
  try {
    const problem = JSON.parse(body) as { readonly message?: unknown };
    if (typeof problem.message === 'string') message = problem.message;
  } catch {
    // The status alone then says what can be said.
  }
  return new CliError(codes[status] ?? exitCodes.failed, message);
}

export function readExportFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CliError(exitCodes.failed, `cannot read ${file}: ${messageOf(error)}`);
  }
}

/** The keys named on the command line; undefined: the file's own are to be used. */
export function trustedKeys(keys: readonly string[] | undefined): ((keyId: string) => string | null) | undefined {
  if (keys === undefined) return undefined;
  const trusted = new Map(keys.map((key) => [keyIdOf(key), key]));
  return (keyId) => trusted.get(keyId) ?? null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
