import { listPasskeysOfPerson } from '@sluice/database';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { PasskeysView } from '../views.ts';
import { isFreshSignIn } from './fresh-sign-in.ts';
import { toPasskeyView } from './passkey-views.ts';

/** The caller's own passkeys. */
export const listPasskeys = query({
  permission: 'passkeys.write.own',
  input: nothing,
  run: async ({ db, caller, now }): Promise<PasskeysView> => ({
    passkeys: (await listPasskeysOfPerson(db, caller.actor.id)).map(toPasskeyView),
    signInIsFresh: await isFreshSignIn(db, caller, now),
  }),
});
