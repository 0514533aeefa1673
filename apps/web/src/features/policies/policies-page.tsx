'use client';

import type { PolicyVersionView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Page } from '../../components/layout.tsx';
import { ErrorState, Skeleton, SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { EditorTab } from './editor-tab.tsx';
import { VersionsTab } from './versions-tab.tsx';

export function PoliciesPage() {
  const trpc = useTRPC();
  const query = useQuery(trpc.policies.showActivePolicy.queryOptions());
  const wantedRule = useSearchParams().get('rule');
  const [tab, setTab] = useState('editor');
  if (query.data === undefined) {
    return (
      <Page title="Policies">
        {query.error === null ? (
          <>
            <Skeleton className="mb-4 h-8 w-64" />
            <SkeletonRows rows={8} />
          </>
        ) : (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        )}
      </Page>
    );
  }
  const active = query.data;
  return (
    <Page title="Policies" lead={<ActiveLine version={active.version} />}>
      <Tabs
        label="Policies"
        value={tab}
        onValue={setTab}
        tabs={[
          { value: 'editor', label: 'Policy', content: <EditorTab active={active} wantedRule={wantedRule} /> },
          { value: 'versions', label: 'Versions', content: <VersionsTab active={active} /> },
        ]}
      />
    </Page>
  );
}

function ActiveLine({ version }: { readonly version: PolicyVersionView }) {
  return (
    <>
      Version {version.version} is in force, published by {version.author.name} <RelativeTime at={version.createdAt} />
      {version.note === '' ? '' : `: ${version.note}`}
    </>
  );
}
