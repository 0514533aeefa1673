/** Back-up and restore as docs/runbook-keys.md has it: everything of an installation is destroyed but its back-ups and its targets. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Installation } from './installation.ts';
import { eventually, run } from './stack.ts';

const tools = '/usr/lib/postgresql/15/bin';
const installation = new Installation({ controlVersion: '15' });
const passphrase = { SLUICE_BACKUP_PASSPHRASE: 'a passphrase of a test' };
const kept = (name: string) => join(installation.dataDir, 'kept', name);
/** The back-up's commands need no control plane. */
const offline = { SLUICE_URL: '', SLUICE_TOKEN: '', ...passphrase };

beforeAll(() => installation.start(), 300_000);
afterAll(() => installation.stop());

it.skipIf(!existsSync(join(tools, 'pg_dump')))(
  'a restored installation: its gateway comes back, and recordings still verify',
  async () => {
    const at = installation.dataDir;
    const client = await installation.client();
    await client.query("SELECT 'before the loss'");
    const running = await eventually('the session is listed', async () =>
      (await installation.api().sessions.listSessions.query({ state: 'live' })).items.find((one) => one.statements > 0),
    );
    await client.end();
    await eventually('its recording has arrived', async () => {
      const row = await installation.api().sessions.showSession.query({ id: running.id });
      return row.state === 'closed' && row.chain.ok;
    });
    mkdirSync(kept(''));
    const before = kept('before.sluice');
    await installation.command('recordings', 'export', '--session', running.id, '--out', before);
    const signingBefore = await installation.command('keys', 'list', '--json');

    // Back up.
    const dump = await run(join(tools, 'pg_dump'), ['-Fc', '-f', kept('database.dump'), installation.databaseUrl]);
    expect(dump).toMatchObject({ code: 0 });
    for (const [from, to] of [
      [installation.masterKeyFile, 'control-plane.sluice-backup'],
      [installation.gatewayFolder('one'), 'gateway-one.sluice-backup'],
    ] as const) {
      const made = await installation.sluice(['backup', 'create', from, '--out', kept(to)], offline);
      expect(made).toMatchObject({ code: 0, err: '' });
    }

    // Lose everything, a policy that came after the dump with it.
    const { version, source } = await installation.api().policies.showActivePolicy.query();
    await installation
      .api()
      .policies.publishPolicy.mutate({ source: `${source}\n`, note: 'lost', basedOn: version.version });
    await installation.stopGateway('one');
    await installation.stopWeb();
    await installation.stopControlDatabase();
    rmSync(installation.masterKeyFile);
    rmSync(installation.gatewayFolder('one'), { recursive: true });
    renameSync(join(at, 'postgres'), join(at, 'postgres-lost'));

    // Restore: the database, the key files, then start.
    await installation.startControlDatabase('postgres-restored', false);
    await installation.makeControlRole();
    const restored = await run(join(tools, 'pg_restore'), [
      '--no-owner',
      '-d',
      installation.databaseUrl,
      kept('database.dump'),
    ]);
    expect(restored).toMatchObject({ code: 0, err: '' });
    for (const [from, to] of [
      ['control-plane.sluice-backup', at],
      ['gateway-one.sluice-backup', at],
    ] as const)
      expect(await installation.sluice(['backup', 'restore', kept(from), '--to', to], offline)).toMatchObject({
        code: 0,
        err: '',
      });
    await installation.startWeb();
    await installation.startGateway('one');
    await eventually('a session runs at the gateway’s port', () => installation.works(), 60_000);
    await eventually('a session runs through the relay', () => installation.works({ via: 'relay' }), 60_000);

    expect(JSON.parse(await installation.command('keys', 'list', '--json'))).toMatchObject(
      (JSON.parse(signingBefore) as { kind: string; fingerprint: string }[]).map(({ kind, fingerprint }) => ({
        kind,
        fingerprint,
      })),
    );
    for (const file of [before, kept('after.sluice')]) {
      if (file !== before) await installation.command('recordings', 'export', '--session', running.id, '--out', file);
      expect(await installation.sluice(['recordings', 'verify', file], offline)).toMatchObject({ code: 0, err: '' });
    }
    const whole = kept('gateway.sluice');
    const from = new Date(Date.now() - 3_600_000).toISOString();
    const verify = async () => {
      rmSync(whole, { force: true });
      await installation.command('recordings', 'export', '--gateway', 'one', '--from', from, '--out', whole);
      return installation.sluice(['recordings', 'verify', whole], offline);
    };
    await eventually('what the gateway recorded since is there too', async () => (await verify()).code === 0);
    const audit = kept('audit.sluice');
    await installation.command('audit', 'export', '--out', audit);
    expect(await installation.sluice(['audit', 'verify', audit], offline)).toMatchObject({ code: 0, err: '' });
    // A policy of today still reaches the gateway, although the numbers of bundles went back with the database.
    const now = await installation.api().policies.showActivePolicy.query();
    expect(now.version.version).toBe(version.version);
    const rule =
      '  - name: closed\n    description: Nothing for now.\n    when: statement.objects.exists(o, o == "public.orders")\n    action: deny\n';
    await installation.api().policies.publishPolicy.mutate({
      source: now.source.replace(/rules:\n/, `rules:\n${rule}`),
      note: 'closed',
      basedOn: now.version.version,
    });
    await eventually('the gateway obeys it', async () => !(await installation.works()), 30_000);
  },
);
