import { expect, test } from 'vitest';
import type { AccessAnswer } from './access.ts';
import { joinConnect } from './connect-answer.ts';
import type { Answer } from './rights.ts';

const day = (date: number) => new Date(Date.UTC(2026, 0, date));
const mayByRole: Answer = { yes: true, because: 'by role member on every connection', until: null };
const sentences = new Map([
  ['r1', 'Everyone in payments may connect to orders'],
  ['g1', 'grant just-in-time: ticket 4711'],
]);
const open = (because: readonly string[], until: string | null = null): AccessAnswer => ({
  open: true,
  until,
  because,
});

test('role and access both have to say yes, and both are named', () => {
  expect(joinConnect(mayByRole, open(['r1']), sentences)).toEqual({
    yes: true,
    because: 'by role member on every connection; access: “Everyone in payments may connect to orders”',
    until: null,
  });
});

test('the yes ends with what ends first', () => {
  const role = { ...mayByRole, until: day(3) };
  expect(joinConnect(role, open(['g1'], day(2).toISOString()), sentences).until).toEqual(day(2));
  expect(joinConnect(role, open(['g1'], day(4).toISOString()), sentences).until).toEqual(day(3));
  expect(joinConnect(role, open(['g1']), sentences).until).toEqual(day(3));
});

test('without the role, what access there is helps nothing and is said all the same', () => {
  const role: Answer = { yes: false, because: 'no role gives it (auditor)', until: null };
  const answer = joinConnect(role, open(['r1']), sentences);
  expect(answer.yes).toBe(false);
  expect(answer.because).toMatch(/^no role gives it \(auditor\), although access is given: “Everyone in payments/);
  const closed: AccessAnswer = { open: false, reason: 'no-rule', because: [] };
  expect(joinConnect(role, closed, sentences).because).toBe('no role gives it (auditor)');
});

test('without access it is said why, with the rule whose hours or networks do not fit', () => {
  const why = (reason: 'no-rule' | 'closed-now' | 'elsewhere', because: readonly string[]) =>
    joinConnect(mayByRole, { open: false, reason, because }, sentences);
  expect(why('no-rule', [])).toEqual({
    yes: false,
    because: 'no access rule or grant lets them connect',
    until: null,
  });
  expect(why('closed-now', ['r1']).because).toContain('closed now: “Everyone in payments');
  expect(why('elsewhere', ['r1']).because).toContain('asks for a network: “Everyone');
});

test('many rules are counted, one that stands twice is named once, and one that is gone is said to be', () => {
  const many = new Map(['a', 'b', 'c', 'd', 'e'].map((id) => [id, `rule ${id}`]));
  expect(joinConnect(mayByRole, open(['a', 'b', 'c', 'd', 'e', 'a']), many).because).toMatch(
    /“rule a” and “rule b” and “rule c” and 2 more$/,
  );
  expect(joinConnect(mayByRole, open(['x']), many).because).toContain('a rule that is gone');
});
