import type { Metadata } from 'next';
import { SignInPage } from '../../features/sign-in/sign-in-page.tsx';

export const metadata: Metadata = { title: 'Sign in' };

export default async function Page({ searchParams }: { readonly searchParams: Promise<Record<string, string | string[] | undefined>> }) {
  const query = await searchParams;
  const next = query['next'] ?? query['callbackUrl'];
  return <SignInPage next={typeof next === 'string' ? next : '/'} failure={typeof query['error'] === 'string' ? query['error'] : null} />;
}
