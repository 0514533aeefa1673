import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AccessQuestion, type AccessRule, bothAccess, decideAccess, mayKnow } from './access.ts';
import type { Grant } from './grant.ts';
import { isInNetworks, networkSchema, withoutPort } from './network.ts';
import { describeWindow, openUntil, type WeeklyWindow, weeklyWindowSchema } from './time-window.ts';

const berlin: WeeklyWindow = { zone: 'Europe/Berlin', weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' };
const at = (iso: string) => Date.parse(iso);
const until = (window: WeeklyWindow, iso: string) => {
  const found = openUntil(window, at(iso));
  return found === null ? null : new Date(found).toISOString();
};

describe('weekly windows by the clocks of a zone', () => {
  test('open within, closed before, at the end and on other days', () => {
    expect(until(berlin, '2026-11-24T07:59:59Z')).toBeNull();
    expect(until(berlin, '2026-11-24T08:00:00Z')).toBe('2026-11-24T16:00:00.000Z');
    expect(until(berlin, '2026-11-24T15:59:59.999Z')).toBe('2026-11-24T16:00:00.000Z');
    expect(until(berlin, '2026-11-24T16:00:00Z')).toBeNull();
    expect(until(berlin, '2026-11-28T10:00:00Z')).toBeNull();
    expect(until(berlin, '2026-07-07T15:30:00Z')).toBeNull();
  });

  test('over midnight: the day is that of the opening', () => {
    const night = { ...berlin, weekdays: [5], from: '22:00', to: '04:00' };
    expect(until(night, '2026-11-27T22:00:00Z')).toBe('2026-11-28T03:00:00.000Z');
    expect(until(night, '2026-11-28T02:59:00Z')).toBe('2026-11-28T03:00:00.000Z');
    expect(until(night, '2026-11-28T22:00:00Z')).toBeNull();
    expect(until({ ...night, from: '00:00', to: '00:00' }, '2026-11-27T12:00:00Z')).toBe('2026-11-27T23:00:00.000Z');
  });

  test('the night on which clocks are put back or forward', () => {
    const sunday = { ...berlin, weekdays: [7], from: '00:00', to: '06:00' };
    expect(until(sunday, '2026-10-25T00:30:00Z')).toBe('2026-10-25T05:00:00.000Z');
    expect(until(sunday, '2026-03-29T00:30:00Z')).toBe('2026-03-29T04:00:00.000Z');
    const skipped = openUntil({ ...sunday, to: '02:30' }, at('2026-03-29T00:10:00Z')) ?? 0;
    expect(skipped).toBeGreaterThan(at('2026-03-29T00:10:00Z'));
    expect(skipped).toBeLessThanOrEqual(at('2026-03-29T01:30:00Z'));
  });

  test('an end is always later than now, whatever the window', () => {
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map(([h, m]) => `${`${h}`.padStart(2, '0')}:${`${m}`.padStart(2, '0')}`);
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC'),
        fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        time,
        time,
        fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }),
        (zone, weekdays, from, to, date) => {
          const end = openUntil({ zone, weekdays, from, to }, date.getTime());
          expect(end === null || (end > date.getTime() && end - date.getTime() <= 26 * 3_600_000)).toBe(true);
        },
      ),
    );
  });

  test('a zone that nobody knows is refused; a window reads as a sentence', () => {
    expect(weeklyWindowSchema.safeParse({ ...berlin, zone: 'Middle/Earth' }).success).toBe(false);
    expect(describeWindow(berlin)).toBe('Mon–Fri 09:00–17:00 Europe/Berlin');
    expect(describeWindow({ ...berlin, weekdays: [7, 3] })).toBe('Wed, Sun 09:00–17:00 Europe/Berlin');
  });
});

describe('networks', () => {
  test.each([
    ['10.1.2.3:5432', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['[2001:db8::1]:40', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['10.1.2.3', ['::/0'], false],
    ['10.1.2.3', ['0.0.0.0/0'], true],
    ['192.168.1.7', ['192.168.1.7'], true],
    ['unknown', ['0.0.0.0/0', '::/0'], false],
    ['010.1.2.3', ['0.0.0.0/0'], false],
  ])('%s in %j: %s', (address, networks, expected) => {
    expect(isInNetworks(address, networks)).toBe(expected);
  });

  test.each(['10.0.0.0/33', '10.0.0/8', '::1::/64', '1:2:3:4:5:6:7', 'host', '10.0.0.0/8/8', '2001:db8::/129', ''])(
    '%j is no network',
    (text) => {
      expect(networkSchema.safeParse(text).success).toBe(false);
    },
  );

  test('ports are cut off', () => {
    expect(['10.0.0.1:5', '[::1]:5', '::1', '10.0.0.1'].map(withoutPort)).toEqual([
      '10.0.0.1',
      '::1',
      '::1',
      '10.0.0.1',
    ]);
  });
});

const always = { windows: [], networks: [] };
function rule(id: string, more: Partial<AccessRule> = {}): AccessRule {
  return {
    id,
    mode: 'connect',
    subject: { kind: 'everyone' },
    scope: { selector: {} },
    expiresAt: null,
    ...always,
    ...more,
  };
}
function question(more: Partial<AccessQuestion> = {}): AccessQuestion {
  return {
    actor: { id: 'p', kind: 'person', role: 'member', groups: ['payments'] },
    connection: { id: 'c', labels: { env: 'prod' } },
    clientAddress: '10.0.0.1:40',
    now: at('2026-11-24T15:00:00Z'),
    ...more,
  };
}
const jit: Grant = {
  id: 'g',
  kind: 'just-in-time',
  name: 'just-in-time',
  bounds: null,
  startsAt: '2026-11-24T14:00:00Z',
  expiresAt: '2026-11-24T17:30:00Z',
};

describe('who may connect', () => {
  test('no rule is a no, and says which kind of no', () => {
    expect(decideAccess([], [], question())).toEqual({ open: false, reason: 'no-rule', because: [] });
    const closed = rule('r', { windows: [{ ...berlin, to: '10:00' }] });
    expect(decideAccess([closed], [], question())).toMatchObject({ open: false, reason: 'closed-now' });
    const elsewhere = rule('r', { networks: ['192.168.0.0/16'] });
    expect(decideAccess([elsewhere], [], question())).toMatchObject({ open: false, reason: 'elsewhere' });
    expect(decideAccess([elsewhere], [], question({ clientAddress: null }))).toMatchObject({ open: false });
    expect(decideAccess([rule('r', { expiresAt: '2026-11-24T15:00:00Z' })], [], question())).toMatchObject({
      open: false,
    });
  });

  test('subjects and scopes', () => {
    const yes = (more: Partial<AccessRule>, asked = question()) => decideAccess([rule('r', more)], [], asked).open;
    expect(yes({ subject: { kind: 'group', id: 'x', name: 'payments' } })).toBe(true);
    expect(yes({ subject: { kind: 'group', id: 'x', name: 'dba' } })).toBe(false);
    expect(yes({ subject: { kind: 'role', name: 'member' } })).toBe(true);
    const assigned = question({ actor: { id: 'p', kind: 'person', role: 'member', roles: ['dba'], groups: [] } });
    expect(yes({ subject: { kind: 'role', name: 'dba' } })).toBe(false);
    expect(yes({ subject: { kind: 'role', name: 'dba' } }, assigned)).toBe(true);
    expect(yes({ subject: { kind: 'person', id: 'p', name: 'p' } })).toBe(true);
    expect(yes({ subject: { kind: 'service', id: 'p', name: 'p' } })).toBe(false);
    expect(yes({ scope: { selector: { env: ['prod', 'staging'] } } })).toBe(true);
    expect(yes({ scope: { selector: { team: ['shop'] } } })).toBe(false);
    expect(yes({ scope: { connectionId: 'c' } })).toBe(true);
    expect(yes({ scope: { connectionId: 'd' } })).toBe(false);
    const service = question({ actor: { id: 's', kind: 'service', role: 'agent', groups: ['payments'] } });
    expect(yes({ subject: { kind: 'group', id: 'x', name: 'payments' } }, service)).toBe(false);
  });

  test('leave to ask and leave for an emergency are no leave to connect (CP04)', () => {
    const rules = [rule('r', { mode: 'request' }), rule('b', { mode: 'break-glass' })];
    expect(decideAccess(rules, [], question())).toMatchObject({ open: false, reason: 'no-rule' });
    expect(mayKnow(rules, [], question())).toBe(true);
    expect(mayKnow([], [], question())).toBe(false);
  });

  test('the end is that of everything that follows without a hole', () => {
    const hours = rule('hours', { windows: [berlin] });
    expect(decideAccess([hours], [], question())).toEqual({
      open: true,
      until: '2026-11-24T16:00:00.000Z',
      because: ['hours'],
    });
    expect(decideAccess([hours], [jit], question())).toMatchObject({ until: '2026-11-24T17:30:00.000Z' });
    const evening = rule('evening', { windows: [{ ...berlin, from: '18:30', to: '20:00' }] });
    expect(decideAccess([hours, evening], [jit], question())).toMatchObject({ until: '2026-11-24T19:00:00.000Z' });
    expect(decideAccess([hours, rule('all')], [], question())).toMatchObject({ until: null });
  });

  test('grants of other kinds let nobody in', () => {
    for (const kind of ['unmask', 'alike'] as const)
      expect(decideAccess([], [{ ...jit, kind }], question()).open).toBe(false);
    expect(decideAccess([], [{ ...jit, kind: 'break-glass' }], question()).open).toBe(true);
    expect(decideAccess([], [{ ...jit, expiresAt: '2026-11-24T15:00:00Z' }], question()).open).toBe(false);
  });

  test('an agent and its owner must both have it; the earlier end counts', () => {
    const open = decideAccess([rule('r')], [], question());
    const brief = decideAccess([], [jit], question());
    expect(bothAccess(open, brief)).toEqual({ open: true, until: '2026-11-24T17:30:00.000Z', because: ['r', 'g'] });
    expect(bothAccess(open, decideAccess([], [], question())).open).toBe(false);
    expect(bothAccess(decideAccess([], [], question()), open).open).toBe(false);
  });
});
