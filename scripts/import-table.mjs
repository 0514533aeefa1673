/**
 * Which package may import which: the layout's import table as data, read by .dependency-cruiser.mjs (what code imports) and by
 * boundaries.mjs (what package.json files may name). A value `folder` allows every entry in that package's `exports`;
 * `folder#entry` only that one.
 */
export const importTable = {
  'packages/domain': [],
  'packages/policy': ['packages/domain'],
  'packages/masking': ['packages/domain'],
  'packages/keys': ['packages/domain'],
  'packages/terminal': ['packages/domain'],
  'packages/recording': ['packages/domain', 'packages/keys'],
  'packages/tunnel': ['packages/domain'],
  'packages/languages/*': ['packages/domain'],
  'packages/wire-kit': ['packages/domain'],
  'packages/wire/*': ['packages/wire-kit', 'packages/languages/*', 'packages/domain'],
  'packages/protocols': ['packages/wire/*', 'packages/wire-kit', 'packages/languages/*', 'packages/domain'],
  'packages/session': [
    'packages/domain',
    'packages/policy',
    'packages/masking',
    'packages/recording',
    'packages/wire-kit',
  ],
  'packages/relay': ['packages/tunnel', 'packages/domain'],
  'packages/database': ['packages/domain'],
  'packages/identity': ['packages/domain', 'packages/keys', 'packages/database'],
  // Deliveries open their channel's secrets and are signed.
  'packages/jobs': ['packages/domain', 'packages/database', 'packages/keys'],
  'packages/api': [
    'packages/domain',
    'packages/jobs',
    'packages/policy',
    'packages/masking',
    'packages/recording',
    'packages/identity',
    'packages/database',
    'packages/keys',
    'packages/protocols#./manifests',
  ],
  'apps/web': [
    'packages/api',
    'packages/jobs',
    'packages/identity',
    'packages/relay',
    'packages/domain',
    'packages/database',
    'packages/keys',
    'packages/terminal',
    'packages/tunnel',
    'packages/protocols#./manifests',
    // The web terminal's end of a session, in the node's process.
    'packages/protocols#./terminals',
  ],
  'apps/gateway': [
    'packages/session',
    'packages/protocols',
    'packages/tunnel',
    'packages/recording',
    'packages/domain',
    'packages/keys',
    'packages/policy',
    'packages/masking',
    'packages/wire-kit',
  ],
  // `sluice policy check` and `test` judge a file offline, with the compiler and detectors that gateways use.
  'apps/cli': [
    'packages/domain',
    'packages/policy',
    'packages/masking',
    'packages/tunnel',
    'packages/keys',
    'packages/recording',
    'packages/terminal',
    'packages/protocols#./manifests',
    'packages/protocols#./clients',
    'packages/api',
  ],
};

/** May import anything, and only tests may import it. */
export const testsOnly = 'packages/testkit';

/** Edges that may carry types alone: [from, to]. */
export const typesOnly = [['apps/cli', 'packages/api']];

/** No Node API at all: they run in a worker, in a browser or anywhere. */
export const purePackages = [
  'packages/domain',
  'packages/policy',
  'packages/masking',
  'packages/terminal',
  'packages/languages/*',
];

/** Entries that a browser loads: nothing they reach may be a Node builtin. */
export const browserEntries = ['packages/protocols#./manifests', 'packages/keys#./sealing', 'packages/terminal#.'];

/** Only this package touches the generated Prisma client. */
export const clientOwner = 'packages/database';
