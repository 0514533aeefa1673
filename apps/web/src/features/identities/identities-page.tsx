'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import { useMay, useMe } from '../../client/permissions.ts';
import { Page } from '../../components/layout.tsx';
import { SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { AgentsTab } from './agents-tab.tsx';
import { GroupsTab } from './groups-tab.tsx';
import { PeopleTab } from './people-tab.tsx';
import { RolesTab } from './roles-tab.tsx';
import { WhoCanTab } from './who-can-tab.tsx';

export function IdentitiesPage() {
  const params = useSearchParams();
  const router = useRouter();
  const maySeeAll = useMay('identities.read');
  const maySeeRoles = useMay('roles.read');
  const me = useMe();
  const tab = params.get('tab') ?? (maySeeAll ? 'people' : 'agents');
  if (me === undefined) {
    return (
      <Page title="Identities">
        <SkeletonRows />
      </Page>
    );
  }
  return (
    <Page title="Identities" lead="Who acts: people, and the agents that act for them.">
      <Tabs
        label="Identities"
        value={tab}
        onValue={(next) => router.replace(`?tab=${next}`, { scroll: false })}
        tabs={[
          ...(maySeeAll ? [{ value: 'people', label: 'People', content: <PeopleTab /> }] : []),
          { value: 'agents', label: 'Agents', content: <AgentsTab creating={params.get('new') === '1'} /> },
          ...(maySeeAll ? [{ value: 'groups', label: 'Groups', content: <GroupsTab /> }] : []),
          ...(maySeeRoles
            ? [
                { value: 'roles', label: 'Roles', content: <RolesTab /> },
                { value: 'who', label: 'Who can do what', content: <WhoCanTab /> },
              ]
            : []),
        ]}
      />
    </Page>
  );
}
