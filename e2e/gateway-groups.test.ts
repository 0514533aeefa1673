/** A group of two gateways: who joins gets credentials only by fingerprint and code, and one may restart while clients go on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Installation } from './installation.ts';
import { eventually } from './stack.ts';

const installation = new Installation();
/** Where the gateway that joins listens: the group's ports are the same on every member. */
const second = '127.0.0.2';
const places = { one: '127.0.0.1', two: second };

beforeAll(() => installation.start(), 300_000);
afterAll(() => installation.stop());

const gateway = async (name: string) => {
  const rows = await installation.api().gateways.listGateways.query();
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`there is no gateway ${name}`);
  return row;
};

it('a gateway that joins is given credentials only after its fingerprint was confirmed with a code of the group', async () => {
  const { group } = await gateway('one');
  const { token } = await installation.api().gateways.createEnrolment.mutate({ name: 'two', groupId: group.id });
  await installation.startGateway('two', { SLUICE_ENROL_TOKEN: token, SLUICE_LISTEN_HOST: second });
  // The fingerprint as the new gateway printed it on its own host.
  const printed = /"sealingKey":"(SHA256:[0-9a-f ]+)"/i.exec(
    installation.log.split('gateway two: ').slice(1).join('\n'),
  )?.[1];
  expect(printed).toBe((await gateway('two')).sealingFingerprint);
  expect((await gateway('two')).confirmed).toBe(false);
  const confirm = (fingerprint: string, code?: string) =>
    installation.sluice([
      'gateways',
      'confirm',
      'two',
      '--fingerprint',
      fingerprint,
      ...(code === undefined ? [] : ['--code', code]),
    ]);

  const other = await confirm((await gateway('one')).sealingFingerprint);
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('not the fingerprint')]);
  // The control plane alone cannot have credentials given on: nobody typed a code of the first gateway.
  expect((await confirm(String(printed))).code).toBe(0);
  await eventually('the first gateway says why it gives none', async () =>
    installation.log.includes('nobody confirmed it with a code'),
  );
  expect(await installation.works({ at: second })).toBe(false);

  const wrong = await installation.gatewayCommand('two', 'confirmation-code');
  expect(wrong.code).toBe(0);
  expect((await confirm(String(printed), wrong.out.trim())).code).toBe(0);
  expect(await installation.works({ at: second })).toBe(false);

  const code = await installation.gatewayCommand('one', 'confirmation-code');
  expect((await confirm(String(printed), code.out.trim())).code).toBe(0);
  await eventually('the second gateway serves', () => installation.works({ at: second }), 60_000);
  expect(installation.log).toMatch(/gateway one: .*a credential was sealed for a member/);
  const trusted = readFileSync(join(installation.gatewayFolder('one'), 'members.json'), 'utf8');
  expect(trusted).toContain((await gateway('two')).sealingKey);
  const audited = await installation.api().audit.listEvents.query({});
  expect(audited.items.some(({ sentence }) => /two/.test(sentence) && /credential/.test(sentence))).toBe(true);
});

it('while either gateway restarts, sessions of the other go on and new ones open, at its port and through the relay', async () => {
  for (const [name, other] of [
    ['one', 'two'],
    ['two', 'one'],
  ] as const) {
    const steady = await installation.client({ at: places[other] });
    let done = false;
    const missed: string[] = [];
    const opened = { relay: 0, port: 0 };
    const clients = (['relay', 'port'] as const).map(async (via) => {
      for (let last = false; !last; ) {
        last = done;
        const options = via === 'relay' ? { via } : { at: places[other] };
        const failure = await installation.failure(options);
        if (failure === null) opened[via] += 1;
        else missed.push(`${via} while ${name} restarts: ${failure}`);
      }
    });
    await installation.restartGateway(name);
    await eventually(`${name} serves again`, () => installation.works({ at: places[name] }), 60_000);
    done = true;
    await Promise.all(clients);
    expect(missed).toEqual([]);
    expect(Math.min(opened.relay, opened.port)).toBeGreaterThan(0);
    expect((await steady.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await steady.end();
  }
});

it('a gateway that is killed: the relay takes the other one', async () => {
  installation.killGateway('two');
  await eventually('the relay serves', () => installation.works({ via: 'relay' }), 30_000);
  expect(await installation.works({ at: '127.0.0.1' })).toBe(true);
  // Which of the two a new session takes is chance: none may meet the dead one.
  for (let session = 0; session < 6; session += 1) expect(await installation.works({ via: 'relay' })).toBe(true);
  await eventually('it came back', () => installation.works({ at: second }), 60_000);
});

it('a gateway that is killed: whoever has a ticket for it gets one for the other', async () => {
  for (const [name, at] of Object.entries(places)) {
    installation.killGateway(name);
    for (let run = 0; run < 3; run += 1)
      expect(await installation.sluice(['exec', 'orders', '--', 'SELECT 1 AS one'], {}, 'engineer')).toMatchObject({
        code: 0,
        err: '',
      });
    await eventually('it came back', () => installation.works({ at }), 60_000);
  }
});
