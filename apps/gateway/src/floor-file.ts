/** The gateway's own floor file: read when it starts and when it is told to (SIGHUP). Unreadable or broken means: nothing is served. */
import { readFileSync, statSync } from 'node:fs';
import { maxFloorSentences, SluiceError } from '@sluice/domain';
import { sha256 } from '@sluice/keys';
import { detectorNames } from '@sluice/masking';
import { compileFloor, describeFloor, type Floor } from '@sluice/policy';

/** Bytes of the largest file that is read; the compiler's own bound on characters is below it. */
const maxFileBytes = 1_048_576;

export interface FloorFile {
  /** Null: this gateway has no floor file. */
  readonly floor: Floor | null;
  /** What the gateways page shows: base64url SHA-256 of the file and its sentences; null without a file. */
  readonly shown: { readonly digest: string; readonly summary: string[] } | null;
}

/** Throws SluiceError `policy-invalid` with the first fault's place; the file is the operator's, so the message is as well. */
export function readFloorFile(path: string | null): FloorFile {
  if (path === null) return { floor: null, shown: null };
  const source = readSource(path);
  const result = compileFloor(source, { detectors: detectorNames });
  if (result.ok) {
    const summary = describeFloor(result.floor).slice(0, maxFloorSentences);
    return { floor: result.floor, shown: { digest: sha256(source), summary } };
  }
  const [first] = result.problems;
  throw broken(`${path}:${first?.line ?? 1}:${first?.column ?? 1}: ${first?.message ?? 'unknown fault'}`);
}

function readSource(path: string): string {
  try {
    if (statSync(path).size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw broken(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function broken(message: string): SluiceError {
  return new SluiceError('policy-invalid', `the floor file is not usable: ${message}`, {
    audience: 'operator',
    hint: 'Mend it (`sluice gateway floor check FILE` shows every fault). Without it this gateway serves nothing.',
  });
}
