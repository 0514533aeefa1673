import type { NextConfig } from 'next';

/** Workspace packages ship TypeScript sources, so Next compiles them; database drivers stay ordinary Node modules. */
const config: NextConfig = {
  reactStrictMode: true,
  poweredByHeader: false,
  transpilePackages: [
    '@sluice/api',
    '@sluice/database',
    '@sluice/domain',
    '@sluice/identity',
    '@sluice/keys',
    '@sluice/policy',
    '@sluice/protocols',
    '@sluice/recording',
    '@sluice/relay',
    '@sluice/terminal',
    '@sluice/tunnel',
  ],
  serverExternalPackages: ['pg', '@prisma/adapter-pg'],
  // `npm test` checks types over the whole workspace; doing it again here would only slow `npm start`.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
};

export default config;
