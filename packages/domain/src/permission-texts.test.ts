import { expect, test } from 'vitest';
import { describePermission, permissionLimit, permissionsByGroup } from './permission-texts.ts';
import { permissions } from './permissions.ts';

test('every permission stands in one group, and says something of its own', () => {
  const listed = permissionsByGroup().flatMap((group) => group.permissions);
  expect(listed.toSorted()).toEqual(permissions.toSorted());
  expect(new Set(permissions.map((permission) => describePermission(permission).text)).size).toBe(permissions.length);
});

test('what is about the whole installation says that labels do not give it', () => {
  expect(permissionLimit('policies.write')).toContain('every connection');
  expect(permissionLimit('connections.read')).toBeNull();
  expect(permissionLimit('approvals.read.own')).toBeNull();
});
