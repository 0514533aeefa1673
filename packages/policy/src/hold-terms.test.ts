import { describe, expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import { describeRule } from './describe.ts';
import { isTicket, missingOf, ticketLink } from './hold-terms.ts';

function compile(terms: string) {
  return compilePolicy(`version: 1\nrules:\n  - { name: h, description: x, action: hold, when: true, ${terms} }`, {
    detectors: [],
  });
}

function holdOf(terms: string) {
  const compiled = compile(terms);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join('; '));
  return compiled.policy.rules[0]!;
}

function problemsOf(terms: string): readonly string[] {
  const compiled = compile(terms);
  return compiled.ok ? [] : compiled.problems.map(({ message }) => message);
}

const full =
  'stages: [{ approvers: [leads] }, { approvers: [dba, leads], count: 2 }], expires: 1h, escalate: { after: 10m, to: [on-call] }, ' +
  "reason: required, comment: required, ticket: { pattern: 'OPS-[0-9]+', link: 'https://t.example/browse/{ticket}' }";

describe('what a hold asks for', () => {
  test('stages, escalation, reason, comment and ticket become terms', () => {
    expect(holdOf(full).hold).toEqual({
      approvers: ['leads', 'dba'],
      count: 3,
      owner: false,
      expiresSeconds: 3_600,
      demands: {
        stages: [
          { approvers: ['leads'], count: 1 },
          { approvers: ['dba', 'leads'], count: 2 },
        ],
        samePerson: false,
        escalate: { afterSeconds: 600, to: ['on-call'] },
        reason: true,
        comment: true,
        ticket: { required: true, pattern: 'OPS-[0-9]+', link: 'https://t.example/browse/{ticket}' },
      },
    });
  });

  test('the short form is one stage and carries nothing else', () => {
    expect(holdOf('approvers: [leads], count: 2').hold).toEqual({
      approvers: ['leads'],
      count: 2,
      owner: false,
      expiresSeconds: 1_800,
    });
    expect(holdOf('approvers: [leads], ticket: required').hold?.demands).toMatchObject({
      stages: [{ approvers: ['leads'], count: 1 }],
      ticket: { required: true, pattern: null, link: null },
    });
  });

  test('it is a plain sentence', () => {
    expect(describeRule(holdOf(full))).toBe(
      'Holds the statement for up to 1 hour until one person among leads approves, then 2 people among dba or leads approve; after 10 minutes on-call may answer too; the requester must give a reason and a ticket; whoever decides must say why always.',
    );
  });

  test.each([
    ['approvers: [a], stages: [{ approvers: [b] }]', 'either approvers or stages'],
    ['count: 1', 'either approvers or stages'],
    ['stages: []', 'Too small'],
    ['stages: [{ approvers: [b] }], count: 2', 'each stage has its own count'],
    ['approvers: [a], expires: 5m, escalate: { after: 5m, to: [b] }', 'shorter than expires'],
    ['approvers: [a], reason: optional', 'expected "required"'],
    ["approvers: [a], ticket: { pattern: '(' }", 'not a valid pattern'],
    ["approvers: [a], ticket: { link: 'javascript:alert(1)//{ticket}' }", 'ticket'],
    ["approvers: [a], ticket: { link: 'https://{ticket}.example/' }", 'ticket'],
  ])('%s is refused', (terms, problem) => {
    expect(problemsOf(terms).join('; ')).toContain(problem);
  });
});

describe('tickets', () => {
  const demand = { required: true, pattern: 'OPS-[0-9]+', link: 'https://t.example/browse/{ticket}?x={ticket}' };

  test('the whole of it has the form', () => {
    expect(isTicket(demand, 'OPS-12')).toBe(true);
    for (const ticket of ['', 'OPS-', 'xOPS-12', 'OPS-12\n', 'OPS-12 or not'])
      expect(isTicket(demand, ticket)).toBe(false);
  });

  test('a pattern that backtracks elsewhere is linear here', () => {
    expect(isTicket({ ...demand, pattern: '(a+)+b' }, 'a'.repeat(50_000))).toBe(false);
  });

  test('only its encoded name gets into the link', () => {
    expect(ticketLink(demand, 'A/../?x=1#"><script>$&')).toBe(
      `https://t.example/browse/${encodeURIComponent('A/../?x=1#"><script>$&')}?x=${encodeURIComponent('A/../?x=1#"><script>$&')}`,
    );
    expect(ticketLink(null, 'OPS-1')).toBeNull();
  });

  test('what is missing is named', () => {
    const demands = holdOf(full).hold?.demands ?? null;
    expect(missingOf(demands, { reason: null, ticket: null })).toBe('a reason and a ticket');
    expect(missingOf(demands, { reason: 'x', ticket: null })).toBe('a ticket');
    expect(missingOf(demands, { reason: 'x', ticket: 'OPS-1' })).toBeNull();
    expect(missingOf(null, { reason: null, ticket: null })).toBeNull();
  });
});
