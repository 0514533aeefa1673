'use client';

import type { RoleView } from '@sluice/api';
import { describeSelector, permissionScope } from '@sluice/domain';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useIdentities } from '../../client/identities.ts';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { EndField } from '../../components/end-field.tsx';
import { Field, Segmented, Select } from '../../components/form.tsx';
import { countText, exactTimeText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';
import { LabelsField } from '../access/labels-field.tsx';
import { readSelector } from '../access/rule-draft.ts';
import { Failure } from './failure.tsx';

/** Gives a person or a group a further role, on the connections of labels and for a time. */
export function AssignDialog({
  roles,
  role: given = null,
  onClose,
}: {
  readonly roles: readonly RoleView[];
  /** The role that is chosen at first. */
  readonly role?: string | null;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { people } = useIdentities();
  const maySeeGroups = useMay('identities.read');
  const groups = useQuery(trpc.identities.listGroups.queryOptions(undefined, { enabled: maySeeGroups })).data ?? [];
  const [kind, setKind] = useState<'group' | 'person'>('group');
  const [holderId, setHolderId] = useState('');
  const [roleName, setRoleName] = useState(given ?? 'reviewer');
  const [labels, setLabels] = useState('');
  const [expiresAt, setExpiresAt] = useState<Date | null>(null);
  const assign = useMutation(
    trpc.identities.assignRole.mutationOptions({
      onSuccess: ({ holder, role }) => {
        toast.success(`${holder.name} is ${role} now.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  const selector = readSelector(labels);
  const holders = kind === 'group' ? groups : people.filter(({ disabled }) => !disabled);
  const holder = holders.find(({ id }) => id === holderId);
  const role = roles.find(({ name }) => name === roleName);
  return (
    <Dialog
      wide
      open
      onOpen={onClose}
      title="Assign a role"
      description="It comes on top of the base role of whoever gets it."
    >
      <form
        className="grid gap-4 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (selector === null) return;
          assign.mutate({ role: roleName, holder: { kind, id: holderId }, selector, expiresAt });
        }}
      >
        <div>
          <p className="mb-1 font-medium">To</p>
          <Segmented
            label="To"
            value={kind}
            onValue={(next) => {
              setKind(next);
              setHolderId('');
            }}
            choices={[
              { value: 'group', label: 'A group' },
              { value: 'person', label: 'A person' },
            ]}
          />
        </div>
        <Field
          label={kind === 'group' ? 'Group' : 'Person'}
          help={holders.length === 0 ? 'There is none yet.' : undefined}
        >
          {({ id }) => (
            <Select
              id={id}
              className="w-full"
              value={holderId}
              onValue={setHolderId}
              choices={holders.map((one) => ({
                value: one.id,
                label: one.name,
                detail: 'email' in one ? one.email : countText(one.members.length, 'member'),
              }))}
            />
          )}
        </Field>
        <Field label="Role">
          {({ id }) => (
            <Select
              id={id}
              className="w-full"
              value={roleName}
              onValue={setRoleName}
              choices={roles.map((one) => ({ value: one.name, label: one.name, detail: one.description }))}
            />
          )}
        </Field>
        <EndField value={expiresAt} onValue={setExpiresAt} />
        <LabelsField label="On the connections with" value={labels} onValue={setLabels} className="sm:col-span-2" />
        <div className="space-y-3 sm:col-span-2">
          {holder === undefined || role === undefined || selector === null ? null : (
            <Callout tone="info" icon={ShieldCheck}>
              <p>
                {'members' in holder ? `${countText(holder.members.length, 'member')} of ${holder.name}` : holder.name}{' '}
                {'members' in holder ? 'get' : 'gets'} the role {role.name} on {describeSelector(selector)}
                {expiresAt === null ? '' : `, until ${exactTimeText(expiresAt)}`}.
              </p>
              {Object.keys(selector).length > 0 && hasWider(role) ? (
                <p>What the role may do beyond connections (policy, people, gateways) is not given by labels.</p>
              ) : null}
            </Callout>
          )}
          <Failure error={assign.error} />
          <DialogButtons>
            <Button onClick={onClose}>Cancel</Button>
            <Button
              type="submit"
              look="primary"
              busy={assign.isPending}
              disabled={holder === undefined || selector === null}
            >
              Assign
            </Button>
          </DialogButtons>
        </div>
      </form>
    </Dialog>
  );
}

function hasWider(role: RoleView): boolean {
  return role.permissions.some((permission) => permissionScope(permission) === 'installation');
}
