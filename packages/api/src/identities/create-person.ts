import { createPerson as createRow } from '@sluice/database';
import { hashPassword, maxPasswordLength, newId } from '@sluice/keys';
import { z } from 'zod';
import { personName } from '../inputs.ts';
import { mutation } from '../procedure.ts';
import { role } from './identity-inputs.ts';
import { toPersonView } from './identity-views.ts';
import { demandMayGiveRole } from './role-guards.ts';

/** NIST SP 800-63B asks for 8 where it is one factor of two; it is the only one here. */
const minPasswordLength = 12;

export const createPerson = mutation({
  permission: 'identities.write',
  input: z.strictObject({
    name: personName,
    email: z.email().max(254).toLowerCase(),
    role,
    password: z.string().min(minPasswordLength).max(maxPasswordLength),
  }),
  run: async ({ input, tx, caller }) => {
    await demandMayGiveRole(tx, caller.rights, input.role, {}, null);
    const { name, email } = input;
    const passwordHash = await hashPassword(input.password);
    const row = await createRow(tx, { id: newId<'Person'>(), name, email, role: input.role, passwordHash });
    return {
      output: toPersonView(row),
      audit: {
        sentence: `added ${name} as ${input.role}`,
        subject: { type: 'person', id: row.id, name },
        after: { name, email, role: input.role },
      },
    };
  },
});
