'use client';

import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { useMay, useMe } from '../../client/permissions.ts';
import { Button } from '../../components/button.tsx';
import { Page } from '../../components/layout.tsx';
import { TokensDialog } from '../identities/tokens-dialog.tsx';
import { KeysPanel } from './keys-panel.tsx';
import { PasskeysPanel } from './passkeys-panel.tsx';

/** What belongs to the signed-in person alone. */
export function AccountPage() {
  const me = useMe();
  const mayRegister = useMay('passkeys.write.own');
  return (
    <Page
      title="Your account"
      lead={me === undefined ? undefined : `${me.person.name} · ${me.person.email}`}
      actions={<OwnTokens />}
    >
      <div className="max-w-3xl space-y-5">
        {mayRegister ? <PasskeysPanel /> : null}
        <KeysPanel />
      </div>
    </Page>
  );
}

/** The page of identities shows people to those who watch over them; everybody makes and ends their own tokens here. */
function OwnTokens() {
  const me = useMe();
  const mayLook = useMay('identities.read.own');
  const [open, setOpen] = useState(false);
  if (me === undefined || !mayLook) return null;
  return (
    <>
      <Button icon={<KeyRound aria-hidden="true" />} onClick={() => setOpen(true)}>
        Your tokens
      </Button>
      {open ? (
        <TokensDialog
          identity={{ id: me.person.id, name: me.person.name, kind: 'person' }}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  );
}
