import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { safeNextPath } from '../../features/sign-in/next-path.ts';
import { SignInPage } from '../../features/sign-in/sign-in-page.tsx';
import { auth } from '../../server/auth.ts';
import { borrowSignIn } from '../../server/sign-in-registry.ts';

export const metadata: Metadata = { title: 'Sign in' };

type Query = Record<string, string | string[] | undefined>;

export default async function Page({ searchParams }: { readonly searchParams: Promise<Query> }) {
  const { next: wanted, callbackUrl, error } = await searchParams;
  const { providers, publicUrl } = borrowSignIn();
  const next = wanted ?? callbackUrl;
  const path = safeNextPath(typeof next === 'string' ? next : '/', new URL(publicUrl).origin);
  if ((await auth()) !== null) redirect(path);
  const ways = providers.flatMap((provider) =>
    provider.type === 'oidc' ? [{ id: provider.id, name: provider.name }] : [],
  );
  return <SignInPage next={path} failure={typeof error === 'string' ? error : null} ways={ways} />;
}
