import type { Metadata } from 'next';
import { WebTerminalPage } from '../../../../../features/connections/terminal/web-terminal-page.tsx';

export const metadata: Metadata = { title: 'Terminal' };

export default async function Page({ params }: { readonly params: Promise<{ id: string }> }) {
  const { id } = await params;
  return <WebTerminalPage id={decodeURIComponent(id)} />;
}
