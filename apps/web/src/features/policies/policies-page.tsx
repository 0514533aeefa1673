'use client';

import type { PolicyVersionView } from '@sluice/api';
import { useQuery } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { useMay } from '../../client/permissions.ts';
import { useTRPC } from '../../client/trpc.ts';
import { RelativeTime } from '../../components/clock.tsx';
import { Page } from '../../components/layout.tsx';
import { ErrorState, Skeleton, SkeletonRows } from '../../components/states.tsx';
import { Tabs } from '../../components/tabs.tsx';
import type { ActivePolicy } from './active-policy.ts';
import { EditorTab } from './editor-tab.tsx';
import { ExplainTab, useExplain } from './explain-tab.tsx';
import { useDraft } from './use-draft.ts';
import { VersionsTab } from './versions-tab.tsx';

export function PoliciesPage() {
  const trpc = useTRPC();
  const query = useQuery(trpc.policies.showActivePolicy.queryOptions());
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
  return (
    <Page title="Policies" lead={<ActiveLine version={query.data.version} />}>
      <PolicyTabs active={query.data} />
    </Page>
  );
}

/** The draft lives here, so that it outlives a look at another tab, and can be explained there. */
function PolicyTabs({ active }: { readonly active: ActivePolicy }) {
  const params = useSearchParams();
  const router = useRouter();
  const draft = useDraft(active);
  const mayExplain = useMay('policies.explain.own');
  const asked = useExplain();
  const explain = { value: 'explain', label: 'Explain', content: <ExplainTab asked={asked} draft={draft} /> };
  return (
    <Tabs
      label="Policies"
      value={params.get('tab') ?? 'editor'}
      onValue={(next) => router.replace(`?tab=${next}`, { scroll: false })}
      tabs={[
        {
          value: 'editor',
          label: 'Policy',
          content: <EditorTab active={active} draft={draft} wantedRule={params.get('rule')} />,
        },
        ...(mayExplain ? [explain] : []),
        { value: 'versions', label: 'Versions', content: <VersionsTab active={active} /> },
      ]}
    />
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
