import type { Metadata } from 'next';
import { ReplayPage } from '../../../../features/sessions/replay-page.tsx';

export const metadata: Metadata = { title: 'Session' };

export default async function Page({ params }: { readonly params: Promise<{ id: string }> }) {
  const { id } = await params;
  return <ReplayPage id={decodeURIComponent(id)} />;
}
