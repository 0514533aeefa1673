import type { Tx } from '@sluice/database';
import { bumpBundleVersion, findPolicyVersion, publishPolicyVersion } from '@sluice/database';
import { SluiceError } from '@sluice/domain';
import type { Caller } from '@sluice/identity';
import { newId, sha256 } from '@sluice/keys';
import { z } from 'zod';
import { notFound } from '../errors.ts';
import { mutation } from '../procedure.ts';
import { checkSource, policySource, toPolicyVersionView } from './policy-views.ts';

const note = z.string().trim().min(1, 'say why').max(500);
const version = z.int().min(1).max(2_147_483_647);

/** Makes a source the policy of the whole installation. What does not compile, or fails its own tests, is refused with its places. */
export const publishPolicy = mutation({
  permission: 'policies.write',
  input: z.strictObject({ source: policySource, note, basedOn: version }),
  run: async ({ input, tx, caller }) => {
    refuseProblems(input.source);
    const { source, basedOn } = input;
    return publish(tx, caller, { source, note: input.note, basedOn, rollbackOf: null });
  },
});

/** Publishes an earlier source as a new version: versions never go down. */
export const rollBack = mutation({
  permission: 'policies.write',
  input: z.strictObject({ to: version, note }),
  run: async ({ input, tx, caller }) => {
    const row = await findPolicyVersion(tx, input.to);
    if (row === null) throw notFound('policy version');
    refuseProblems(row.source);
    return publish(tx, caller, { source: row.source, note: input.note, basedOn: null, rollbackOf: row.version });
  },
});

async function publish(
  tx: Tx,
  caller: Caller,
  policy: {
    readonly source: string;
    readonly note: string;
    readonly basedOn: number | null;
    readonly rollbackOf: number | null;
  },
) {
  const row = await publishPolicyVersion(tx, { ...policy, id: newId<'PolicyVersion'>(), authorId: caller.actor.id });
  await bumpBundleVersion(tx);
  const verb = policy.rollbackOf === null ? 'published policy' : `rolled the policy back to ${policy.rollbackOf} as`;
  return {
    output: toPolicyVersionView(row, row.version),
    audit: {
      sentence: `${verb} version ${row.version}: ${policy.note}`,
      subject: { type: 'policy', id: row.id, name: `version ${row.version}` },
      before: { version: row.basedOn },
      after: { version: row.version, sourceSha256: sha256(row.source), rollbackOf: row.rollbackOf },
    },
  };
}

function refuseProblems(source: string): void {
  const { ok, problems } = checkSource(source);
  if (ok) return;
  const [first] = problems;
  const place = first === undefined ? '' : `Line ${first.line}, column ${first.column}: ${first.message}`;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new SluiceError('policy-invalid', `The policy is not valid. ${place}${more}`, {
    audience: 'person',
    hint: 'Mend what the editor marks, then publish again. The active version stays in force.',
  });
}
