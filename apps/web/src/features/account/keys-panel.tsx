'use client';

import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useMe } from '../../client/permissions.ts';
import { Button } from '../../components/button.tsx';
import { Panel } from '../../components/layout.tsx';
import { SkeletonRows } from '../../components/states.tsx';
import { AddKey, clientKeys, KeysList, useMayAddKeys } from '../identities/keys-list.tsx';
import type { TokenOwner } from '../identities/token-row.tsx';

/** The public keys that one signs in with at gateways; nothing where no protocol takes keys. */
export function KeysPanel() {
  const me = useMe();
  if (clientKeys === undefined) return null;
  if (me === undefined)
    return (
      <Panel title={clientKeys.title} flush>
        <SkeletonRows rows={2} />
      </Panel>
    );
  return <OwnKeys title={clientKeys.title} owner={{ id: me.person.id, name: me.person.name, kind: 'person' }} />;
}

function OwnKeys({ title, owner }: { readonly title: string; readonly owner: TokenOwner }) {
  const [adding, setAdding] = useState(false);
  const mayAdd = useMayAddKeys(owner);
  return (
    <Panel
      title={title}
      aside={
        mayAdd ? (
          <Button look="primary" size="small" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
            Add a key
          </Button>
        ) : null
      }
      flush
    >
      <KeysList owner={owner} />
      {adding ? <AddKey owner={owner} onClose={() => setAdding(false)} /> : null}
    </Panel>
  );
}
