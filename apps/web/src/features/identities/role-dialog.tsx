'use client';

import type { RoleView } from '@sluice/api';
import { describePermission, type Permission, permissions } from '@sluice/domain';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { useState } from 'react';
import { toast } from 'sonner';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog, Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Field, Input, Select } from '../../components/form.tsx';
import { countText } from '../../components/measures.ts';
import { Callout } from '../../components/states.tsx';
import { Failure } from './failure.tsx';
import { PermissionChoices } from './permission-list.tsx';

const nothing = 'nothing';

/** Makes or changes a role of the installation's own. `holders`: how many people and groups have it. */
export function RoleDialog({
  role,
  roles,
  holders,
  onClose,
}: {
  readonly role: RoleView | null;
  readonly roles: readonly RoleView[];
  readonly holders: number;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [chosen, setChosen] = useState<ReadonlySet<Permission>>(new Set(role?.permissions ?? []));
  const [from, setFrom] = useState(nothing);
  const onSuccess = (saved: RoleView) => {
    toast.success(`Saved ${saved.name}.`);
    void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
    onClose();
  };
  const create = useMutation(trpc.identities.createRole.mutationOptions({ onSuccess }));
  const update = useMutation(trpc.identities.updateRole.mutationOptions({ onSuccess }));
  const list = permissions.filter((permission) => chosen.has(permission));
  return (
    <Dialog
      wide
      open
      onOpen={onClose}
      title={role === null ? 'New role' : `Edit ${role.name}`}
      description="A role says what its holders may do. Where they may do it says its assignment."
    >
      <form
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = { description: description.trim(), permissions: [...list] };
          if (role?.id == null) create.mutate({ name: name.trim(), ...wanted });
          else update.mutate({ id: role.id, ...wanted });
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label="Name"
            help={role === null ? 'Lower-case letters, digits and dashes.' : 'Rules test it, so it stays.'}
          >
            {(control) => (
              <Input
                {...control}
                value={name}
                onChange={(event) => setName(event.target.value)}
                disabled={role !== null}
                required
                maxLength={63}
                pattern="[a-z]([a-z0-9\-]*[a-z0-9])?"
                autoComplete="off"
                placeholder="shop-lead"
              />
            )}
          </Field>
          <Field label="Start from" help="Copies that role’s permissions.">
            {({ id }) => (
              <Select
                id={id}
                className="w-full"
                value={from}
                onValue={(next) => {
                  setFrom(next);
                  const copied = roles.find((one) => one.name === next);
                  if (copied !== undefined) setChosen(new Set(copied.permissions));
                }}
                choices={[
                  { value: nothing, label: role === null ? 'Nothing' : 'What it has' },
                  ...roles
                    .filter((one) => one.name !== role?.name)
                    .map((one) => ({ value: one.name, label: one.name, detail: one.description })),
                ]}
              />
            )}
          </Field>
          <Field label="What for" className="sm:col-span-2">
            {(control) => (
              <Input
                {...control}
                value={description}
                onChange={(event) => setDescription(event.target.value)}
                required
                maxLength={300}
                autoComplete="off"
                placeholder="Decides for the shop’s databases."
              />
            )}
          </Field>
        </div>
        <PermissionChoices chosen={chosen} onChosen={setChosen} />
        {role === null ? null : <Consequence role={role} chosen={chosen} holders={holders} />}
        <Failure error={create.error ?? update.error} />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending || update.isPending} disabled={list.length === 0}>
            {role === null ? 'Make the role' : 'Save'}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

/** What saving changes for those who have the role now. */
function Consequence({
  role,
  chosen,
  holders,
}: {
  readonly role: RoleView;
  readonly chosen: ReadonlySet<Permission>;
  readonly holders: number;
}) {
  const gained = [...chosen].filter((permission) => !role.permissions.includes(permission));
  const lost = role.permissions.filter((permission) => !chosen.has(permission));
  if (gained.length === 0 && lost.length === 0) return null;
  const words = (list: readonly Permission[]) =>
    list.map((permission) => describePermission(permission).text).join('; ');
  return (
    <Callout tone={lost.length > 0 ? 'hold' : 'info'} icon={CircleAlert}>
      <p>
        {holders === 0
          ? 'Nobody has this role yet.'
          : `${countText(holders, 'holder')} of it: the change counts at once, within two seconds at every gateway.`}
      </p>
      {gained.length === 0 ? null : <p>From then on they may {words(gained)}.</p>}
      {lost.length === 0 ? null : <p>They may no longer {words(lost)}, unless another role gives it.</p>}
    </Callout>
  );
}

export function DeleteRole({
  role,
  holders,
  onClose,
}: {
  readonly role: RoleView;
  readonly holders: number;
  readonly onClose: () => void;
}) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const remove = useMutation(
    trpc.identities.deleteRole.mutationOptions({
      onSuccess: () => {
        toast.success(`Deleted ${role.name}.`);
        void queryClient.invalidateQueries({ queryKey: trpc.identities.pathKey() });
        onClose();
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpen={onClose}
      title={`Delete ${role.name}?`}
      confirmLabel="Delete"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: role.id ?? '' })}
    >
      <p>
        {holders === 0
          ? 'Nobody has it. Access rules and policy rules that name it match nobody from then on.'
          : `${countText(holders, 'person or group has', 'people and groups have')} it: take it from them first.`}
      </p>
    </ConfirmDialog>
  );
}
