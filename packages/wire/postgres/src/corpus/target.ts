/** An owner's own session at a target, past Sluice: makes the fixture and tells whether anything changed. */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Secret, SluiceError, type TargetAddress, type TargetCredential } from '@sluice/domain';
import type { CorpusFixture, CorpusTarget, DialRequest } from '@sluice/wire-kit';
import { postgresManifest } from '../manifest.ts';
import { dialTarget, openStream, type PostgresTarget } from '../target-side.ts';
import { secureTarget } from '../target-tls.ts';
import {
  contentDigestText,
  definitionsDigestText,
  literal,
  quoted,
  type Stored,
  schemaDigestText,
  schemasText,
  storedText,
} from './digests.ts';
import type { SessionSource } from './session.ts';

const openMs = 15_000;
const schemes = ['postgres:', 'postgresql:'];

export function recognisesAddress(address: string): boolean {
  return URL.canParse(address) && schemes.includes(new URL(address).protocol);
}

export async function openCorpusTarget(address: string): Promise<CorpusTarget> {
  return new PostgresCorpusTarget(address, await dialTarget(dialRequest(placeOf(address))));
}

/** How the corpus client reaches an unguarded target. */
export function unguardedSource(address: string, answerMs: number): SessionSource {
  const place = placeOf(address);
  return {
    openStream: async () => secureTarget(await openStream(dialRequest(place)), place.address),
    credential: place.credential,
    database: place.database,
    answerMs,
  };
}

class PostgresCorpusTarget implements CorpusTarget {
  readonly #address: string;
  readonly #session: PostgresTarget;
  #stored: readonly Stored[] = [];

  constructor(address: string, session: PostgresTarget) {
    this.#address = address;
    this.#session = session;
  }

  async makeFixture(fixture: CorpusFixture, owner: string | null): Promise<void> {
    const schema = quoted(fixture.schema);
    await this.dropFixture(fixture);
    const mayGive = owner !== null && (await this.#mayBecome(owner));
    await this.#session.query(`CREATE SCHEMA ${schema}${mayGive ? ` AUTHORIZATION ${quoted(owner)}` : ''}`);
    if (mayGive) await this.#session.query(`SET ROLE ${quoted(owner)}`);
    try {
      for (const text of fixture.setup) await this.#session.query(text);
      // Whoever the connection opens as: what Sluice lets through must find rights at the target, else nothing is proved.
      await this.#session.query(`GRANT USAGE, CREATE ON SCHEMA ${schema} TO PUBLIC`);
      await this.#session.query(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO PUBLIC`);
      await this.#session.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA ${schema} TO PUBLIC`);
    } finally {
      await this.#session.query('RESET ROLE');
    }
    this.#stored = await this.#readStored(fixture.schema);
  }

  async dropFixture(fixture: CorpusFixture): Promise<void> {
    await this.#session.query(`SET client_min_messages = 'warning'`);
    for (const text of fixture.teardown) await this.#session.query(text);
    await this.#session.query(`DROP SCHEMA IF EXISTS ${quoted(fixture.schema)} CASCADE`);
  }

  async fixtureDigest(fixture: CorpusFixture): Promise<string> {
    try {
      return (await this.#session.query(schemaDigestText(fixture.schema, this.#stored)))[0]?.[0] ?? '';
    } catch (error) {
      // A table that is gone cannot be digested: that is a difference, too.
      if (error instanceof SluiceError) return `changed: ${error.message}`;
      throw error;
    }
  }

  async wholeDigest(): Promise<string> {
    const hash = createHash('sha256');
    hash.update((await this.#session.query(contentDigestText(await this.#readStored(null))))[0]?.[0] ?? '');
    for (const [schema] of await this.#session.query(schemasText))
      hash.update((await this.#session.query(definitionsDigestText(schema ?? '')))[0]?.[0] ?? '');
    return hash.digest('hex');
  }

  async makeScratch(): Promise<{ readonly address: string; readonly drop: () => Promise<void> }> {
    const name = `sluice_corpus_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(24).toString('base64url');
    await this.#session.query(
      `CREATE ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${literal(password)}`,
    );
    const drop = async (): Promise<void> => {
      await this.#session.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await this.#session.query(`DROP ROLE IF EXISTS ${name}`);
    };
    try {
      await this.#session.query(`CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
      await this.#session.query(`GRANT CREATE, CONNECT, TEMPORARY ON DATABASE ${name} TO ${name}`);
    } catch (error) {
      await drop();
      throw error;
    }
    const url = new URL(this.#address);
    url.username = name;
    url.password = encodeURIComponent(password);
    url.pathname = `/${name}`;
    return { address: url.href, drop };
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #readStored(schema: string | null): Promise<readonly Stored[]> {
    const rows = await this.#session.query(storedText(schema));
    return rows.map(([name, bytes, sequence]) => ({
      name: name ?? '',
      bytes: Number(bytes),
      sequence: sequence === 't',
    }));
  }

  async #mayBecome(role: string): Promise<boolean> {
    try {
      await this.#session.query(`SET ROLE ${quoted(role)}`);
      await this.#session.query('RESET ROLE');
      return true;
    } catch (error) {
      if (error instanceof SluiceError) return false;
      throw error;
    }
  }
}

interface Place {
  readonly address: TargetAddress;
  readonly credential: TargetCredential;
  readonly database: string;
}

/** `postgres://user:password@host:port/database?sslmode=…`; encrypted where the server offers it unless the address says more. */
function placeOf(address: string): Place {
  const url = new URL(address);
  const mode = url.searchParams.get('sslmode') ?? 'prefer';
  const modes = { disable: 'disable', prefer: 'prefer', require: 'require', 'verify-full': 'verify-full' } as const;
  const known = Object.entries(modes).find(([name]) => name === mode)?.[1];
  if (known === undefined)
    throw new SluiceError('bad-request', `sslmode ${mode} is not known`, {
      hint: 'Use disable, prefer, require or verify-full.',
    });
  const username = decodeURIComponent(url.username);
  return {
    address: {
      protocol: postgresManifest.name,
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? postgresManifest.defaultPort : Number(url.port),
      tls: { mode: known, ca: null },
    },
    credential: { username, password: decodeURIComponent(url.password) },
    database: decodeURIComponent(url.pathname.slice(1)) || username,
  };
}

function dialRequest(place: Place): DialRequest {
  return {
    address: place.address,
    options: { database: place.database },
    credential: new Secret(place.credential),
    connect: async (signal) => {
      const socket = connect({ host: place.address.host, port: place.address.port, noDelay: true });
      const abort = (): void => {
        socket.destroy(new Error('no answer in time'));
      };
      signal.addEventListener('abort', abort, { once: true });
      await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
      signal.removeEventListener('abort', abort);
      return socket;
    },
    allowWeakAuthentication: true,
    actorLabel: 'corpus',
    startup: {},
    readOnly: false,
    noteSession: () => () => undefined,
    signal: AbortSignal.timeout(openMs),
  };
}
