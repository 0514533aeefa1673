import { describe, expect, test } from 'vitest';
import { builtInPermissions, type Permission, permissions } from './permissions.ts';
import { can, canSomewhere, covers, type HeldRole, mayGive, noRights, type Rights, rolesOn } from './rights.ts';

const held = (role: string, more: Partial<HeldRole> = {}): HeldRole => ({
  role,
  permissions: builtInPermissions(role) ?? [],
  selector: {},
  connectionIds: null,
  via: { kind: 'base' },
  expiresAt: null,
  ...more,
});
const of = (...roles: HeldRole[]): Rights => ({ roles, within: null });
const at = (labels: Record<string, string>) => ({ id: 'c', labels });
const prod = at({ env: 'prod' });
const onProd = { env: ['prod'] };

describe('what somebody may do', () => {
  test('is nothing without a role', () => {
    for (const permission of permissions) {
      expect(can(noRights, permission, prod).yes).toBe(false);
      expect(canSomewhere(noRights, permission)).toBe(false);
    }
  });

  test('says by which role, through which group, on which label', () => {
    const rights = of(
      held('auditor'),
      held('reviewer', { selector: onProd, via: { kind: 'group', group: 'payments' } }),
    );
    expect(can(rights, 'approvals.decide', prod)).toEqual({
      yes: true,
      because: 'by role reviewer through group payments on connections where env is prod',
      until: null,
    });
    expect(can(rights, 'approvals.decide', at({ env: 'staging' })).because).toBe(
      'role reviewer gives it on connections where env is prod, which this is not',
    );
    expect(can(rights, 'connections.write', prod).because).toBe('no role gives it (auditor, reviewer)');
    expect(rolesOn(rights, prod)).toEqual(['auditor', 'reviewer']);
    expect(rolesOn(rights, at({}))).toEqual(['auditor']);
  });

  test('of the installation comes from an assignment without a selector only', () => {
    const rights = of(held('admin', { selector: onProd, via: { kind: 'person' } }));
    for (const permission of [
      'policies.write',
      'identities.write',
      'audit.read',
      'gateways.write',
      'roles.write',
    ] as const) {
      expect(can(rights, permission, prod).yes, permission).toBe(false);
      expect(canSomewhere(rights, permission), permission).toBe(false);
    }
    expect(can(rights, 'connections.write', prod).yes).toBe(true);
    expect(can(rights, 'connections.write', null).yes).toBe(false);
    expect(canSomewhere(rights, 'connections.write')).toBe(true);
    expect(can(rights, 'sessions.read.own', null).yes).toBe(true);
  });

  test('lasts as long as the role that lasts longest', () => {
    const [soon, late] = [new Date(1_000), new Date(2_000)];
    const once = held('member', { expiresAt: soon });
    expect(can(of(once, held('member', { expiresAt: late })), 'connections.connect', prod).until).toEqual(late);
    expect(can(of(once, held('member')), 'connections.connect', prod).until).toBeNull();
  });
});

describe('an agent', () => {
  const agentOf = (...owners: Rights[]): Rights => ({
    roles: [held('agent')],
    within: owners.map((rights, index) => ({ name: `p${index}`, rights })),
  });

  test('may what it and its owner may', () => {
    const member = of(held('member', { selector: onProd, via: { kind: 'person' }, expiresAt: new Date(5) }));
    expect(can(agentOf(member), 'connections.connect', prod)).toMatchObject({ yes: true, until: new Date(5) });
    expect(can(agentOf(member), 'connections.connect', at({})).yes).toBe(false);
    expect(can(agentOf(of(held('auditor'))), 'connections.connect', prod).because).toMatch(/^its owner p0 may not: /);
    expect(can(agentOf(), 'connections.connect', prod).because).toBe('nobody it acts for is active');
    expect(canSomewhere(agentOf(), 'connections.connect')).toBe(false);
  });

  test('may be for some connections only', () => {
    const agent: Rights = { ...agentOf(of(held('member'))), roles: [held('agent', { connectionIds: ['c'] })] };
    expect(can(agent, 'connections.connect', prod).because).toContain('one listed connection');
    expect(can(agent, 'connections.connect', { ...prod, id: 'd' }).yes).toBe(false);
    expect(can(agent, 'connections.connect', null).yes).toBe(false);
  });

  test('of a team may what somebody of it may', () => {
    const agent = agentOf(of(held('auditor')), of(held('member')));
    expect(can(agent, 'connections.connect', prod).because).toContain('within p1’s: by role member');
  });

  test('never comes to policy, identities or decisions, whatever its owners are', () => {
    const agent = agentOf(of(held('admin')));
    const never: readonly Permission[] = permissions.filter((one) =>
      /write|decide|terminate|policies|roles|identities|audit/.test(one),
    );
    for (const permission of never) expect(can(agent, permission, prod).yes, permission).toBe(false);
  });

  test('gives nothing to anybody', () => {
    expect(mayGive(agentOf(of(held('admin'))), 'connections.connect', {}, null)).toBe(false);
  });
});

test('nobody gives what they do not hold, nor for more connections', () => {
  const rights = of(held('security'), held('admin', { selector: { env: ['prod', 'staging'] } }));
  expect(mayGive(rights, 'connections.write', onProd, null)).toBe(true);
  expect(mayGive(rights, 'connections.write', {}, null)).toBe(false);
  expect(mayGive(rights, 'connections.write', { team: ['a'] }, null)).toBe(false);
  expect(mayGive(rights, 'connections.write', { env: ['prod', 'dev'] }, null)).toBe(false);
  expect(mayGive(rights, 'policies.write', {}, null)).toBe(true);
  expect(mayGive(rights, 'identities.write', {}, null)).toBe(false);
  const lent = of(held('security', { expiresAt: new Date(10) }));
  expect(mayGive(lent, 'policies.write', {}, null)).toBe(false);
  expect(mayGive(lent, 'policies.write', {}, new Date(11))).toBe(false);
  expect(mayGive(lent, 'policies.write', {}, new Date(10))).toBe(true);
  expect(covers({}, {})).toBe(true);
  expect(covers({}, onProd)).toBe(true);
  expect(covers(onProd, {})).toBe(false);
});
