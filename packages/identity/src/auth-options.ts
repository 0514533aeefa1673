/**
 * Sign-in for browsers as next-auth's configuration. An entry of its own, because next-auth's main module resolves only inside Next's
 * bundler; what it needs of Sluice comes through `SignInPorts`.
 */
import { CredentialsSignin, type NextAuthConfig, type User } from 'next-auth';
import type { JWT } from 'next-auth/jwt';
import type { Provider } from 'next-auth/providers';
import Credentials from 'next-auth/providers/credentials';
import type { Origin } from './audited-failures.ts';
import { safeRedirect } from './redirects.ts';
import type { SignInResult } from './sign-in.ts';

/** One way to sign in. `local` asks for email and password; `oidc` sends people to an identity provider. */
export type SignInProvider =
  | { readonly type: 'local' }
  | {
      readonly type: 'oidc';
      readonly id: string;
      readonly name: string;
      readonly issuer: string;
      readonly clientId: string;
      readonly clientSecret: string;
    };

export interface SignInPorts {
  readonly signInLocally: (credentials: unknown, origin: Origin) => Promise<SignInResult>;
  readonly signInByProvider: (provider: string, email: string) => Promise<SignInResult>;
  /** True while the web session is neither revoked nor expired nor its person disabled. */
  readonly isOpen: (sessionId: string) => Promise<boolean>;
  readonly signOut: (sessionId: string) => Promise<void>;
}

export interface AuthOptions {
  readonly providers: readonly SignInProvider[];
  readonly publicUrl: string;
  /** The one that signs first; all of them verify. */
  readonly secrets: readonly string[];
  readonly sessionSeconds: number;
  readonly ports: SignInPorts;
  /** Where a request came from: the client's address as the node established it, and what it calls itself. */
  readonly originOf: (request: Request) => Origin;
}

/** Shown as `?error=CredentialsSignin&code=…`: what the sign-in page may say without telling who exists. */
class SignInRefused extends CredentialsSignin {
  override code: string;

  constructor(code: 'wrong' | 'too-many') {
    super(`sign-in refused: ${code}`);
    this.code = code;
  }
}

/** next-auth's options. The cookie's JWT carries a session id (`sid`) that every request looks up, so that revoking works at once. */
export function authOptions(options: AuthOptions): NextAuthConfig {
  const { ports, publicUrl } = options;
  return {
    secret: [...options.secrets],
    // The public URL is configured (AUTH_URL); the host header is not believed for redirects, see `redirect` below.
    trustHost: true,
    useSecureCookies: publicUrl.startsWith('https:'),
    session: { strategy: 'jwt', maxAge: options.sessionSeconds },
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: options.providers.map((provider) => toProvider(provider, options)),
    callbacks: {
      signIn: async ({ user, account, profile }) => {
        if (account?.type !== 'oidc') return true;
        // An address that the provider does not vouch for proves nobody; a provider that says nothing vouches for nothing.
        if (typeof profile?.email !== 'string' || profile.email_verified !== true) return false;
        const result = await ports.signInByProvider(account.provider, profile.email);
        if (!result.ok) return false;
        Object.assign(user, { ...result.person, sid: result.sessionId });
        return true;
      },
      jwt: async ({ token, user }) => {
        if (user !== undefined && 'sid' in user) return claimsOf(user);
        return typeof token.sid === 'string' && (await ports.isOpen(token.sid)) ? token : null;
      },
      session: ({ session, token }) => ({
        expires: session.expires,
        user: { id: token.sub ?? '', name: token.name ?? '' },
      }),
      redirect: ({ url }) => safeRedirect(url, publicUrl),
    },
    events: {
      signOut: async (message) => {
        const sid = 'token' in message ? message.token?.sid : undefined;
        if (typeof sid === 'string') await ports.signOut(sid);
      },
    },
  };
}

function claimsOf(user: User & { readonly sid?: unknown }): JWT {
  return { sub: user.id ?? '', name: user.name ?? null, sid: user.sid };
}

function toProvider(provider: SignInProvider, options: AuthOptions): Provider {
  if (provider.type === 'oidc') return { ...provider };
  return Credentials({
    id: 'credentials',
    name: 'Email and password',
    credentials: { email: { type: 'email' }, password: { type: 'password' } },
    authorize: async (credentials, request) => {
      const result = await options.ports.signInLocally(credentials, options.originOf(request));
      if (!result.ok) throw new SignInRefused(result.reason);
      return { id: result.person.id, name: result.person.name, email: result.person.email, sid: result.sessionId };
    },
  });
}
