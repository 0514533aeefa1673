/** Credentials that stand where the gateway runs: a connection names the place, the gateway's own floor file says for which targets. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  type BundleConnection,
  type CredentialReference,
  Secret,
  SluiceError,
  type TargetCredential,
  targetCredentialSchema,
} from '@sluice/domain';
import { type Floor, listAllows } from '@sluice/policy';
import { readVariable } from './env.ts';

/** A password of the longest that a credential may hold, in UTF-8, and a line's end. */
const maxFileBytes = 16_384;

/**
 * Reads what a reference names, anew each time, so that a file may be replaced while the gateway runs. Throws SluiceError `target-auth`
 * when the floor does not allow this reference for this target, or when there is nothing there.
 */
export function resolveReference(
  { address, name }: Pick<BundleConnection, 'address' | 'name'>,
  reference: CredentialReference,
  floor: Floor | null,
): Secret<TargetCredential> {
  const allowed = floor?.references.get(reference.password);
  const where = `${address.host}:${address.port}`;
  if (allowed === undefined || !listAllows(allowed, address.host, address.port))
    throw failed(`this gateway's own floor does not allow ${reference.password} for ${where} (connection ${name})`);
  const password = reference.password.startsWith('env:')
    ? readVariable(reference.password.slice('env:'.length))
    : readSecretFile(reference.password.slice('file:'.length));
  const parsed = targetCredentialSchema.safeParse({ username: reference.username, password });
  if (!parsed.success || parsed.data.password === '') throw failed(`there is no credential at ${reference.password}`);
  return new Secret(parsed.data);
}

/** Null when it cannot be read or is too long. One line's end at the file's end is not part of the secret. */
function readSecretFile(path: string): string | null {
  try {
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(maxFileBytes + 1);
      const length = readSync(fd, bytes, 0, bytes.length, 0);
      return length > maxFileBytes ? null : bytes.toString('utf8', 0, length).replace(/\r?\n$/, '');
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

function failed(message: string): SluiceError {
  return new SluiceError('target-auth', message, {
    hint: 'Name the reference with its targets under `references` in the gateway’s floor file, and put the secret there.',
  });
}
