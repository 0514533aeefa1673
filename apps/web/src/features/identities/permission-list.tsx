'use client';

import { describePermission, type Permission, permissionLimit, permissionsByGroup } from '@sluice/domain';
import { useMe } from '../../client/permissions.ts';
import { Checkbox } from '../../components/form.tsx';

/** Permissions in plain words, by what they are about; those that the reader may not give are told so. */
export function PermissionChoices({
  chosen,
  onChosen,
}: {
  readonly chosen: ReadonlySet<Permission>;
  readonly onChosen: (chosen: ReadonlySet<Permission>) => void;
}) {
  const held = useMe()?.permissions ?? [];
  const toggle = (permission: Permission, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(permission);
    else next.delete(permission);
    onChosen(next);
  };
  return (
    <div className="space-y-4">
      {permissionsByGroup().map(({ group, permissions }) => (
        <fieldset key={group}>
          <legend className="mb-1.5 font-medium">{group}</legend>
          <div className="grid gap-x-4 gap-y-1.5 sm:grid-cols-2">
            {permissions.map((permission) => {
              const mayGive = held.includes(permission);
              const notes = [mayGive ? null : 'you do not hold it yourself', permissionLimit(permission)];
              return (
                <Checkbox
                  key={permission}
                  checked={chosen.has(permission)}
                  disabled={!mayGive && !chosen.has(permission)}
                  onChecked={(on) => toggle(permission, on)}
                  label={sentence(permission)}
                  help={
                    <>
                      <code className="font-mono">{permission}</code>
                      {notes.map((note) => (note === null ? null : <span key={note}> · {note}</span>))}
                    </>
                  }
                />
              );
            })}
          </div>
        </fieldset>
      ))}
    </div>
  );
}

/** What a role may do, in plain words by group. */
export function PermissionWords({ permissions: given }: { readonly permissions: readonly Permission[] }) {
  return (
    <dl className="space-y-2">
      {permissionsByGroup().map(({ group, permissions }) => {
        const held = permissions.filter((permission) => given.includes(permission));
        if (held.length === 0) return null;
        return (
          <div key={group}>
            <dt className="font-medium text-small">{group}</dt>
            <dd>
              <ul className="grid gap-x-6 sm:grid-cols-2">
                {held.map((permission) => (
                  <li key={permission} className="flex flex-wrap items-baseline gap-x-2">
                    <span>{sentence(permission)}</span>
                    <code className="font-mono text-ink-faint text-tiny">{permission}</code>
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function sentence(permission: Permission): string {
  const { text } = describePermission(permission);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
