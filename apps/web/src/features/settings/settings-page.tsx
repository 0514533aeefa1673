'use client';

import type { Permission } from '@sluice/domain';
import { LockKeyhole } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import type { ReactNode } from 'react';
import { useMe } from '../../client/permissions.ts';
import { Page } from '../../components/layout.tsx';
import { EmptyState, SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { ChannelsTab } from './channels-tab.tsx';
import { KeysTab } from './keys-tab.tsx';
import { NotificationsTab } from './notifications-tab.tsx';
import { StreamsTab } from './streams-tab.tsx';

interface SettingsTab {
  readonly value: string;
  readonly label: string;
  readonly permission: Permission;
  readonly content: ReactNode;
}

const allTabs: readonly SettingsTab[] = [
  {
    value: 'notifications',
    label: 'My notifications',
    permission: 'notifications.write.own',
    content: <NotificationsTab />,
  },
  { value: 'channels', label: 'Channels', permission: 'notifications.write', content: <ChannelsTab /> },
  { value: 'streams', label: 'Event streams', permission: 'streams.read', content: <StreamsTab /> },
  { value: 'keys', label: 'Keys', permission: 'gateways.read', content: <KeysTab /> },
];

/** What is set once: how one is told, where messages and events go, and the installation's keys. */
export function SettingsPage() {
  const params = useSearchParams();
  const router = useRouter();
  const me = useMe();
  const tabs = allTabs.filter(({ permission }) => me?.permissions.includes(permission) === true);
  return (
    <Page title="Settings" lead="How you are told of things, where events go, and the keys that everything rests on.">
      {me === undefined ? (
        <SkeletonRows />
      ) : tabs.length === 0 ? (
        <EmptyState icon={LockKeyhole} title="Nothing here is yours to set">
          Your role neither gets messages nor reads event streams or keys.
        </EmptyState>
      ) : (
        <Tabs
          label="Settings"
          value={params.get('tab') ?? tabs[0]?.value ?? ''}
          onValue={(tab) => router.replace(`?tab=${tab}`, { scroll: false })}
          tabs={tabs}
        />
      )}
    </Page>
  );
}
