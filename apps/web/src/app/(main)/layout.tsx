import { cookies } from 'next/headers';
import type { ReactNode } from 'react';
import { readTheme, themeCookie } from '../../client/theme.ts';
import { Shell } from '../../features/shell/shell.tsx';

export default async function MainLayout({ children }: { readonly children: ReactNode }) {
  const theme = readTheme((await cookies()).get(themeCookie)?.value);
  return <Shell theme={theme}>{children}</Shell>;
}
