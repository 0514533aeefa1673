/** The commands that people and agents script with, as the built program against a real control plane and gateway. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from './installation.ts';
import { eventually } from './stack.ts';

const installation = new Installation();
beforeAll(() => installation.start(), 300_000);
afterAll(() => installation.stop());

const as = (who: string, ...args: string[]) => installation.sluice(args, {}, who);

async function said<T>(who: string, ...args: string[]): Promise<T> {
  const { code, out, err } = await as(who, ...args, '--json');
  if (code !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${code}: ${err}`);
  return JSON.parse(out) as T;
}

/** A statement that waits for a person, and its approval's id. */
async function held(note: string) {
  const client = await installation.client({ who: 'coding-agent' });
  const outcome = client.query(`UPDATE orders SET note = '${note}' WHERE id = 7`).then(
    ({ rowCount }) => `${rowCount} row`,
    (error: unknown) => String(error),
  );
  const waiting = await eventually('it waits', async () =>
    (await said<{ id: string; state: string }[]>('reviewer', 'approvals', 'list')).find(
      ({ state }) => state === 'waiting',
    ),
  );
  const end = () => client.end();
  return { id: waiting.id, outcome, end };
}

describe('approvals', () => {
  it('one is listed, shown, not the asker’s to decide, approved; whoever waits for it learns of it', async () => {
    const { id, outcome, end } = await held('new');
    const list = await as('reviewer', 'approvals', 'list');
    expect(list).toMatchObject({
      code: 0,
      out: expect.stringMatching(/waiting +\d+ s +coding-agent for engineer +orders +UPDATE/),
    });
    const shown = await as('reviewer', 'approvals', 'show', id);
    expect(shown.out).toMatch(/^WAITING {2}UPDATE on orders/);
    expect(shown.out).toContain("note = 'new'");
    for (const who of ['coding-agent', 'engineer'])
      expect(await as(who, 'approvals', 'approve', id), who).toMatchObject({ code: 4, out: '' });
    const waits = as('coding-agent', 'approvals', 'wait', id, '--timeout', '60');
    const approved = await as('reviewer', 'approvals', 'approve', id, '--comment', 'harmless');
    expect(approved).toMatchObject({ code: 0, out: 'approved\n' });
    expect(await outcome).toBe('1 row');
    expect((await waits).code).toBe(0);
    await end();
    const again = await as('reviewer', 'approvals', 'approve', id);
    expect([again.code, again.out]).toEqual([1, '']);
    expect((await as('reviewer', 'approvals', 'show', id)).out).toMatch(/approved by \S+: harmless/);
    expect((await as('reviewer', 'approvals', 'list', '--scope', 'decided')).out).toContain(id);
  });

  it('one is denied: the statement fails, and waiting for it ends with 7', async () => {
    const { id, outcome, end } = await held('other');
    const waits = as('coding-agent', 'approvals', 'wait', id, '--timeout', '60');
    expect(await as('reviewer', 'approvals', 'deny', id, '--comment', 'not today')).toMatchObject({
      code: 0,
      out: 'denied\n',
    });
    expect(await outcome).toContain('not today');
    expect(await waits).toMatchObject({ code: 7, out: 'denied\n' });
    await end();
  });

  it('what makes no sense is refused before anything is asked, and what is not there has its own code', async () => {
    expect((await as('reviewer', 'approvals', 'list', '--scope', 'all-of-them')).code).toBe(2);
    const nobodys = '01900000-0000-7000-8000-000000000000';
    expect((await as('reviewer', 'approvals', 'show', nobodys)).code).toBe(5);
    expect((await as('reviewer', 'approvals', 'wait', nobodys, '--timeout', '-1')).code).toBe(2);
    expect((await installation.sluice(['approvals', 'list'], { SLUICE_TOKEN: 'slu_none' })).code).toBe(3);
  });
});

describe('token exchange', () => {
  it('gives an API token that ends by itself and stands for the same person', async () => {
    const made = await said<{ secret: string; expiresAt: string }>('engineer', 'token', 'exchange', '--minutes', '5');
    const left = Date.parse(made.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(300_000);
    const { code, out } = await installation.sluice(['run', 'list'], { SLUICE_TOKEN: made.secret });
    expect([code, out.split('\n')[0]]).toEqual([0, expect.stringContaining('PURPOSE')]);
  });

  it('gives a native secret that is good for the connections it names', async () => {
    const args = ['token', 'exchange', '--native', '--connection', 'orders', '--minutes', '5'];
    const { code, out } = await as('coding-agent', ...args);
    expect(code).toBe(0);
    expect(await installation.failure({ secret: out.trim() })).toBeNull();
    expect((await as('coding-agent', 'token', 'exchange', '--native', '--connection', 'none')).code).toBe(5);
    expect((await as('coding-agent', 'token', 'exchange', '--minutes', '61')).code).toBe(2);
  });
});

it('run: started, it stands on what is done in it; ended, its token is worth nothing', async () => {
  const start = ['run', 'start', '--purpose', 'fix the notes', '--task', 'T-1', '--software', 'editor 1'];
  const { code, out } = await as('coding-agent', ...start, '--token', '10');
  expect(code).toBe(0);
  const [, id = '', token = ''] = /^export SLUICE_RUN=(\S+)\nexport SLUICE_TOKEN=(\S+)\n$/.exec(out) ?? [];
  const inRun = { SLUICE_RUN: id, SLUICE_TOKEN: token };
  // What was exchanged is not exchanged again.
  expect((await installation.sluice(['token', 'exchange', '--native'], inRun)).code).toBe(4);
  const secret = await installation.sluice(['token', 'exchange', '--native'], { SLUICE_RUN: id }, 'coding-agent');
  expect(secret.code).toBe(0);
  expect(await installation.failure({ secret: secret.out.trim() })).toBeNull();
  const sessions = await installation.api().sessions.listSessions.query({});
  expect(JSON.stringify(sessions.items[0])).toContain('fix the notes');
  const listed = await as('coding-agent', 'run', 'list');
  expect(listed.out).toMatch(new RegExp(`${id} .* open +coding-agent +T-1 +fix the notes`));
  expect((await installation.sluice(['run', 'end'], {}, 'coding-agent')).code).toBe(2);
  expect(await installation.sluice(['run', 'end'], { SLUICE_RUN: id }, 'coding-agent')).toMatchObject({
    code: 0,
    out: 'ended\n',
  });
  expect((await installation.sluice(['run', 'list'], { SLUICE_TOKEN: token })).code).toBe(3);
  expect(await installation.works({ secret: secret.out.trim() })).toBe(false);
  expect((await as('coding-agent', 'run', 'list')).out).toMatch(new RegExp(`${id} .* ended `));
});

describe('access', () => {
  it('asked for, granted, used and ended; nobody answers for oneself', async () => {
    const rules = await said<{ id: string; mode: string }[]>('admin', 'access', 'rules');
    const table = await as('admin', 'access', 'rules');
    expect(table.out).toContain(rules[0]?.id);
    for (const { id, mode } of rules)
      if (mode === 'connect') await installation.api().access.deleteAccessRule.mutate({ id });
    await eventually('nobody is let in', async () => !(await installation.works()));
    const asked = await as('engineer', 'access', 'request', 'orders', '--reason', 'ticket 4711', '--for', '30m');
    expect(asked).toMatchObject({ code: 0, out: expect.stringMatching(/^\S+ waits for \d+ of \S/) });
    const id = asked.out.split(' ')[0] ?? '';
    const waiting = await as('reviewer', 'access', 'list', '--waiting');
    expect(waiting.out).toMatch(new RegExp(`${id} +waiting .*engineer +orders +just-in-time .*ticket 4711`));
    expect((await as('engineer', 'access', 'approve', id)).code).toBe(4);
    expect(await as('reviewer', 'access', 'approve', id, '--comment', 'go')).toMatchObject({ out: 'granted\n' });
    await eventually('engineer is let in', () => installation.works());
    const [granted] = (await said<{ id: string; grant: { id: string } | null }[]>('engineer', 'access', 'list')).filter(
      (one) => one.id === id,
    );
    expect(await as('engineer', 'access', 'end', granted?.grant?.id ?? '')).toMatchObject({ code: 0, out: 'ended\n' });
    await eventually('and no more', async () => !(await installation.works()));
  });

  it('refused, and asked for wrongly', async () => {
    const { id } = await said<{ id: string }>('engineer', 'access', 'request', 'orders', '--reason', 'again');
    expect(await as('reviewer', 'access', 'deny', id)).toMatchObject({ code: 0, out: 'denied\n' });
    expect((await as('reviewer', 'access', 'approve', id)).code).toBe(1);
    expect(await installation.works()).toBe(false);
    expect((await as('engineer', 'access', 'request', 'orders', '--reason', 'x', '--for', '3x')).code).toBe(2);
    expect((await as('engineer', 'access', 'request', 'orders')).code).toBe(2);
    expect((await as('engineer', 'access', 'request', 'none', '--reason', 'again')).code).toBe(5);
  });
});
