import { authOptions } from '@sluice/identity/auth-options';
import NextAuth from 'next-auth';
import { borrowSignIn } from './sign-in-registry.ts';

/** Lazy, because `next build` evaluates this module without the Node server. */
export const { handlers, auth, signIn, signOut } = NextAuth(() => authOptions(borrowSignIn()));
