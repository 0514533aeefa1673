import { canSomewhere, permissions } from '@sluice/domain';
import { toActorView } from '../actor-views.ts';
import { nothing } from '../inputs.ts';
import { query } from '../procedure.ts';
import type { MeView } from '../views.ts';

export const showMe = query({
  permission: 'self.read',
  input: nothing,
  run: ({ caller }): Promise<MeView> =>
    Promise.resolve({
      person: { ...toActorView(caller.actor), email: caller.email },
      permissions: permissions.filter((permission) => canSomewhere(caller.rights, permission)),
      groups: [...caller.groupIds],
    }),
});
