import { cookies } from 'next/headers';
import type { ReactNode } from 'react';
import { readTheme, themeCookie } from '../../client/theme.ts';
import { Shell } from '../../features/shell/shell.tsx';
import { ToSignIn } from '../../features/sign-in/to-sign-in.tsx';
import { auth } from '../../server/auth.ts';

export default async function MainLayout({ children }: { readonly children: ReactNode }) {
  if ((await auth()) === null) return <ToSignIn />;
  const theme = readTheme((await cookies()).get(themeCookie)?.value);
  return <Shell theme={theme}>{children}</Shell>;
}
