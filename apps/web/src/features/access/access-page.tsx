'use client';

import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { Button } from '../../components/button.tsx';
import { Page, Panel } from '../../components/layout.tsx';
import { ErrorState, SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { EmergenciesList } from './emergencies.tsx';
import { GrantsList } from './grants-list.tsx';
import { RequestsList } from './requests-list.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { RulesList } from './rules-list.tsx';
import { WindowsPanel } from './windows-panel.tsx';

/** Who asks, what is granted, what was an emergency; and the rules behind it. */
export function AccessPage() {
  const router = useRouter();
  const params = useSearchParams();
  const mayRead = useMay('access.read');
  const mayWrite = useMay('access.write');
  const [adding, setAdding] = useState(false);
  const panel = (content: React.ReactNode) => <Panel flush>{content}</Panel>;
  return (
    <Page
      title="Access"
      lead="Who may connect to what. Nobody may without a rule or a grant."
      actions={
        mayWrite ? (
          <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setAdding(true)}>
            Add a rule
          </Button>
        ) : undefined
      }
    >
      <Tabs
        label="Access"
        value={params.get('tab') ?? 'requests'}
        onValue={(tab) => router.replace(`?tab=${tab}`, { scroll: false })}
        tabs={[
          { value: 'requests', label: 'Requests', content: panel(<RequestsList />) },
          { value: 'grants', label: 'Grants', content: panel(<GrantsList />) },
          { value: 'emergencies', label: 'Emergencies', content: panel(<EmergenciesList />) },
          ...(mayRead ? [{ value: 'rules', label: 'Rules', content: panel(<AllRules />) }] : []),
          { value: 'windows', label: 'Maintenance', content: <WindowsPanel /> },
        ]}
      />
      {mayWrite ? <RuleDialog open={adding} onOpen={setAdding} /> : null}
    </Page>
  );
}

function AllRules() {
  const trpc = useTRPC();
  const query = useQuery(trpc.access.listAccessRules.queryOptions());
  if (query.data !== undefined) return <RulesList rules={query.data} />;
  return query.error === null ? (
    <SkeletonRows rows={3} />
  ) : (
    <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  );
}
