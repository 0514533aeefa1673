'use client';

import { useMe } from '../../client/permissions.ts';
import { Page } from '../../components/layout.tsx';
import { KeysPanel } from './keys-panel.tsx';
import { PasskeysPanel } from './passkeys-panel.tsx';

/** What belongs to the signed-in person alone. */
export function AccountPage() {
  const me = useMe();
  return (
    <Page title="Your account" lead={me === undefined ? undefined : `${me.person.name} · ${me.person.email}`}>
      <div className="max-w-3xl space-y-5">
        <PasskeysPanel />
        <KeysPanel />
      </div>
    </Page>
  );
}
