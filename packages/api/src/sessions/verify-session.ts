import type { Db, SessionRow } from '@sluice/database';
import { findSession, noteVerification, readChunks } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import { keyIdOf } from '@sluice/keys';
import { verifyRecording } from '@sluice/recording';
import { z } from 'zod';
import { id } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { SessionDetail } from '../views.ts';
import { visibleSession } from './visible-session.ts';

/** A longer recording is verified from its export, which needs no memory for the whole. Bytes. */
const maxVerifiedBytes = 256 * 1024 * 1024;

/** Reads a whole recording again: signatures, hashes, numbers, seal. What it finds is kept with the session. */
export const verifySession = query({
  permission: 'sessions.read.own',
  input: z.strictObject({ id }),
  run: async ({ input, db, caller, now }) =>
    verifyStored(db, await visibleSession(db, input.id, caller, 'sessions.read'), now),
});

/** The same for background work: null when the session is gone. */
export async function verifyStoredSession(
  db: Db,
  sessionId: string,
  now: Date,
): Promise<SessionDetail['chain'] | null> {
  const row = await findSession(db, sessionId);
  return row === null ? null : verifyStored(db, row, now);
}

/** Verifies the stored chunks of a session. A session that still runs has no seal yet, which is no problem. */
async function verifyStored(db: Db, row: SessionRow, now: Date): Promise<SessionDetail['chain']> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const { bytes } of readChunks(db, row.id)) {
    total += bytes.length;
    if (total > maxVerifiedBytes)
      throw new SluiceError('too-large', 'This recording is too long to be verified in the page.', {
        audience: 'person',
        hint: 'Export it and run `sluice recordings verify FILE`.',
      });
    chunks.push(bytes);
  }
  const keyId = keyIdOf(row.gateway.signingKey);
  const verdict = verifyRecording(chunks, (asked) => (asked === keyId ? row.gateway.signingKey : null));
  const problems = verdict.problems
    .filter((problem) => row.sealed || problem.index === null || problem.index < row.chunkCount)
    .map((problem) => `Chunk ${problem.index ?? '?'} ${problem.what}.`);
  if (chunks.length < row.chunkCount && problems.length === 0) problems.push('Chunks at the end are missing.');
  await noteVerification(db, row.id, problems, now);
  return { ok: problems.length === 0, chunks: chunks.length, sealed: row.sealed, problems };
}
