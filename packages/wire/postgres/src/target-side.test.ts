/** Dialling real servers: TLS modes, logins, errors with their mends, and the step-by-step test. */

import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationName, dialTarget } from './target-side.ts';
import { testTarget } from './test-target.ts';
import { type RealTarget, startRealTarget } from './testing/real-target.ts';
import { testCertificate } from './testing/test-certificate.ts';
import { dialRequestFor } from './testing/test-gateway.ts';

describe.each(['15', '18'] as const)('PostgreSQL %s', (version) => {
  let target: RealTarget;
  beforeAll(async () => {
    target = await startRealTarget(version);
  });
  afterAll(async () => {
    await target?.stop();
  });

  const sslOf = async (tls: NonNullable<RealTarget['tls']>): Promise<string | null | undefined> => {
    const session = await dialTarget(dialRequestFor({ ...target, tls }));
    const rows = await session.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await session.close();
    return rows[0]?.[0];
  };

  it('uses TLS as the mode says; SCRAM binds to the channel where there is TLS', async () => {
    expect(await sslOf({ mode: 'disable', ca: null })).toBe('f');
    expect(await sslOf({ mode: 'prefer', ca: null })).toBe('t');
    expect(await sslOf({ mode: 'require', ca: null })).toBe('t');
    expect(await sslOf({ mode: 'require', ca: testCertificate })).toBe('t');
    expect(await sslOf({ mode: 'verify-full', ca: testCertificate })).toBe('t');
  });

  it('refuses a certificate that it cannot verify or that names another host', async () => {
    const plain = dialRequestFor(target);
    const untrusted = { ...plain, address: { ...plain.address, tls: { mode: 'verify-full', ca: null } as const } };
    await expect(dialTarget(untrusted)).rejects.toMatchObject({ code: 'target-tls' });
    const elsewhere = {
      ...plain,
      address: { ...plain.address, host: 'db.example.com', tls: { mode: 'verify-full', ca: testCertificate } as const },
    };
    await expect(dialTarget(elsewhere)).rejects.toMatchObject({
      code: 'target-tls',
      message: expect.stringContaining('db.example.com'),
    });
  });

  it('says what the target said, and the likely mend', async () => {
    const wrong = dialRequestFor({ ...target, password: 'not it' });
    await expect(dialTarget(wrong)).rejects.toMatchObject({
      code: 'target-auth',
      message: expect.stringContaining('28P01'),
      hint: expect.stringContaining('password'),
    });
    await expect(dialTarget(dialRequestFor({ ...target, database: 'nowhere' }))).rejects.toMatchObject({
      code: 'wrong-database',
    });
    const closed = { ...dialRequestFor(target), connect: () => Promise.reject(new Error('connect ECONNREFUSED')) };
    await expect(dialTarget(closed)).rejects.toMatchObject({ code: 'target-unreachable' });
  });

  it('tests a connection step by step and warns of dangerous rights', async () => {
    const good = await testTarget({ writer: dialRequestFor(target), reader: null });
    expect(good.steps.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'address true',
      'TLS true',
      'authentication true',
      'database true',
      'rights true',
    ]);
    expect(good.warnings.join('\n')).toMatch(/superuser/);
    const bad = await testTarget({ writer: dialRequestFor({ ...target, password: 'not it' }), reader: null });
    expect(bad.steps.map(({ name, ok }) => `${name} ${ok}`)).toEqual([
      'address true',
      'TLS true',
      'authentication false',
    ]);
    expect(bad.steps.at(-1)?.hint).toContain('password');
    const lost = await testTarget({ writer: dialRequestFor({ ...target, database: 'nowhere' }), reader: null });
    expect(lost.steps.at(-1)).toMatchObject({ name: 'database', ok: false });
  });

  it('sends MD5 and cleartext passwords only over verified TLS or by local consent', async () => {
    const admin = new pg.Client({
      host: '127.0.0.1',
      port: target.port,
      user: 'postgres',
      password: target.password,
      database: 'app',
    });
    await admin.connect();
    const { rows } = await admin.query('SHOW hba_file');
    const file: string = rows[0].hba_file;
    const before = readFileSync(file, 'utf8');
    await admin.query("SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'old-password'");
    writeFileSync(file, `host all old all md5\nhost all app all password\n${before}`);
    await admin.query('SELECT pg_reload_conf()');
    try {
      for (const [username, password] of [
        ['old', 'old-password'],
        ['app', 'app-password'],
      ] as const) {
        const weak = { ...target, username, password };
        const request = (mode: 'disable' | 'require' | 'verify-full') =>
          dialRequestFor({ ...weak, tls: { mode, ca: mode === 'verify-full' ? testCertificate : null } });
        // The server reads its file a moment after it was told to.
        await until(() =>
          dialTarget(request('require')).then(
            async (session) => {
              await session.close();
              return false;
            },
            (error: Error) => /over a connection that is not verified/.test(error.message),
          ),
        );
        await expect(dialTarget(request('disable'))).rejects.toMatchObject({ code: 'target-auth' });
        await (await dialTarget(request('verify-full'))).close();
        await (await dialTarget({ ...request('disable'), allowWeakAuthentication: true })).close();
      }
    } finally {
      writeFileSync(file, before);
      await admin.query('SELECT pg_reload_conf()');
      await admin.end();
    }
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}

describe('application_name', () => {
  it('keeps the actor whole, in 63 bytes of printable ASCII', () => {
    expect(applicationName('psql', 'coding-agent for engineer')).toBe('psql [sluice coding-agent for engineer]');
    expect(applicationName('', 'a')).toBe('[sluice a]');
    expect(applicationName('näme\n', 'ä')).toBe('n?me? [sluice ?]');
    const long = applicationName('x'.repeat(200), 'coding-agent for engineer');
    expect(long).toHaveLength(63);
    expect(long.endsWith('[sluice coding-agent for engineer]')).toBe(true);
    expect(applicationName('psql', 'y'.repeat(200))).toHaveLength(63);
  });
});
