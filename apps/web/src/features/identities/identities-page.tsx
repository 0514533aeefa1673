'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import { Page } from '../../components/layout.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { AgentsTab } from './agents-tab.tsx';
import { GroupsTab } from './groups-tab.tsx';
import { PeopleTab } from './people-tab.tsx';

export function IdentitiesPage() {
  const params = useSearchParams();
  const router = useRouter();
  const tab = params.get('tab') ?? 'people';
  return (
    <Page title="Identities" lead="Who acts: people, and the agents that act for them.">
      <Tabs
        label="Identities"
        value={tab}
        onValue={(next) => router.replace(`?tab=${next}`, { scroll: false })}
        tabs={[
          { value: 'people', label: 'People', content: <PeopleTab /> },
          { value: 'agents', label: 'Agents', content: <AgentsTab creating={params.get('new') === '1'} /> },
          { value: 'groups', label: 'Groups', content: <GroupsTab /> },
        ]}
      />
    </Page>
  );
}
