import { describe, expect, it } from 'vitest';
import { compilePolicy } from './index.ts';

const options = { detectors: ['email', 'phone'] };

function problems(source: string): string[] {
  const result = compilePolicy(source, options);
  return result.ok
    ? []
    : result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

const rule = (lines: string): string => `version: 1\nrules:\n  - name: a-rule\n    description: Some words.\n${lines}`;

const cases: readonly (readonly [string, string, string])[] = [
  [
    'an unknown variable',
    rule("    action: deny\n    when: actor.role == 'agent' && statment.complete\n"),
    '6:36 rules[0].when: Unknown variable: statment',
  ],
  ['an unknown field', rule('    action: deny\n    when: actor.rol == "x"\n'), '6:17 rules[0].when: No such key: rol'],
  ['a limit of nothing', rule('    action: limit\n    when: true\n'), '3:5 rules[0]: a limit rule needs rows'],
  ['no limit at all', rule('    action: limit\n    when: true\n    rows: 0\n'), '7:11 rules[0].rows: Too small'],
  [
    'a size of no unit',
    rule('    action: limit\n    when: true\n    bytes: 10 MB\n'),
    '7:12 rules[0].bytes: must be bytes between 1 and 1024GiB, such as 64KiB or 10MiB',
  ],
  [
    'a test of nothing',
    'version: 1\nrules: []\ntests:\n  - { name: t, as: { role: agent }, expect: allow }\n',
    '4:5 tests[0]: a test needs either a statement or a text',
  ],
  [
    'a wrong type',
    rule('    action: deny\n    when: actor.role == 3\n'),
    '6:11 rules[0].when: no such overload: string == int',
  ],
  [
    'a fault in single quotes',
    rule("    action: deny\n    when: 'actor.role == ''a'' && nobody'\n"),
    '6:35 rules[0].when: Unknown variable: nobody',
  ],
  [
    'a fault in double quotes',
    rule('    action: deny\n    when: "actor.role == \\"a\\" \\u0026& nobody"\n'),
    '6:40 rules[0].when: Unknown variable: nobody',
  ],
  [
    'a fault in a literal block',
    rule("    action: deny\n    when: |\n      actor.role == 'a'\n        && nobody\n"),
    '8:12 rules[0].when: Unknown variable: nobody',
  ],
  [
    'a fault in a folded block',
    rule("    action: deny\n    when: >-\n      actor.role == 'a'\n      && nobody\n"),
    '8:10 rules[0].when: Unknown variable: nobody',
  ],
  [
    'a fault in a plain text over two lines',
    rule("    action: deny\n    when: actor.role == 'a'\n      && nobody\n"),
    '7:10 rules[0].when: Unknown variable: nobody',
  ],
  [
    'a fault of CEL’s grammar',
    rule("    action: deny\n    when: actor.role = 'x'\n"),
    '6:22 rules[0].when: Unexpected character: =',
  ],
  [
    'a condition that is no truth value',
    rule('    action: deny\n    when: actor.role\n'),
    '6:11 rules[0].when: a condition must be true or false, this is of type string',
  ],
  [
    'matches()',
    rule("    action: deny\n    when: actor.name.matches('^(a+)+$')\n"),
    '6:22 rules[0].when: matches() can take exponential time; write re(text, pattern), which is linear',
  ],
  [
    'a bad pattern',
    rule("    action: deny\n    when: re(actor.name, '(')\n"),
    '6:26 rules[0].when: the pattern is not valid: error parsing regexp: missing closing ): `(`',
  ],
  [
    'a pattern that is no text',
    rule('    action: deny\n    when: re(actor.name, actor.name)\n'),
    '6:26 rules[0].when: the pattern of re() must be written as a text, so that it can be checked now',
  ],
  [
    'quantifiers three deep',
    rule(
      '    action: deny\n    when: statement.reads.all(a, statement.reads.all(b, statement.reads.all(c, a == b && b == c)))\n',
    ),
    '6:73 rules[0].when: quantifiers may be nested at most 2 deep',
  ],
  [
    'a mask rule that speaks of the statement',
    rule('    action: mask\n    when: statement.complete\n    columns: [a]\n    strategy: redact\n    class: x\n'),
    '6:11 rules[0].when: a mask rule is decided when a session opens, so it cannot speak of "statement"',
  ],
  [
    'an unknown detector',
    rule('    action: mask\n    when: true\n    detectors: [email, emial]\n    strategy: redact\n    class: x\n'),
    '7:24 rules[0].detectors[1]: there is no detector "emial"; there are email, phone',
  ],
  [
    'a mask without anything to mask',
    rule('    action: mask\n    when: true\n    strategy: redact\n    class: x\n'),
    '3:5 rules[0]: a mask rule needs columns, detectors or both',
  ],
  [
    'an unknown strategy',
    rule('    action: mask\n    when: true\n    columns: [a]\n    strategy: shred\n    class: x\n'),
    '8:15 rules[0].strategy: Invalid option: expected one of "redact"|"partial"|"hash"|"token"|"null"',
  ],
  [
    'a glob with too many parts',
    rule('    action: mask\n    when: true\n    columns: [a.b.c.d]\n    strategy: redact\n    class: x\n'),
    '7:15 rules[0].columns[0]: must be a column, relation.column or schema.relation.column; each part may hold *',
  ],
  [
    'an unknown action',
    rule('    action: refuse\n    when: true\n'),
    '5:13 rules[0].action: unknown action; one of allow, hold, deny, mask, limit, monitor',
  ],
  ['a missing action', rule('    when: true\n'), '3:5 rules[0].action: "action" is missing'],
  ['a missing condition', rule('    action: deny\n'), '3:5 rules[0].when: "when" is missing'],
  [
    'an unknown key',
    rule('    action: deny\n    when: true\n    whne: true\n'),
    '7:5 rules[0].whne: there is no "whne" here',
  ],
  [
    'a bad duration',
    rule('    action: hold\n    when: true\n    approvers: [reviewer]\n    expires: 30 minutes\n'),
    '8:14 rules[0].expires: must be a duration between 10s and 7d, such as 90s, 30m, 2h or 1d',
  ],
  [
    'a duration out of bounds',
    rule('    action: hold\n    when: true\n    approvers: [reviewer]\n    expires: 9d\n'),
    '8:14 rules[0].expires: must be a duration between 10s and 7d, such as 90s, 30m, 2h or 1d',
  ],
  [
    'a hold that nobody may answer',
    rule('    action: hold\n    when: true\n    approvers: []\n'),
    '7:16 rules[0].approvers: Too small: expected array to have >=1 items',
  ],
  [
    'a bad name',
    'version: 1\nrules:\n  - name: A Rule\n    description: x\n    action: deny\n    when: true\n',
    '3:11 rules[0].name: must be lower-case words joined by dashes, such as "hold-prod-writes"',
  ],
  [
    'a name used twice',
    `${rule('    action: deny\n    when: true\n')}  - name: a-rule\n    description: x\n    action: deny\n    when: true\n`,
    '7:11 rules[1].name: a rule named "a-rule" stands above',
  ],
  ['a key used twice', 'version: 1\nversion: 1\nrules: []\n', '2:1 : Map keys must be unique'],
  ['another version', 'version: 2\nrules: []\n', '1:10 version: Invalid input: expected 1'],
  ['no policy at all', '', '1:1 : Invalid input: expected object, received null'],
  [
    'an unclosed bracket',
    'version: 1\nrules: [\n',
    '3:1 : Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['an alias', 'version: 1\nrules: &a []\ntests: *a\n', '1:1 : anchors and aliases are not part of a policy'],
  [
    'a verb that does not exist in a test',
    'version: 1\nrules: []\ntests:\n  - name: x\n    as: { role: agent }\n    statement: { kind: read, verbs: [raed] }\n    expect: deny\n',
    '6:38 tests[0].statement.verbs[0]',
  ],
];

describe('problems of a source', () => {
  for (const [name, source, expected] of cases) {
    it(name, () => expect(problems(source)[0]).toContain(expected));
  }
  it('reports several at once, and never more than a page', () => {
    const many = Array.from(
      { length: 80 },
      (_, index) => `  - name: r${index}\n    description: x\n    action: deny\n    when: nobody\n`,
    ).join('');
    expect(problems(`version: 1\nrules:\n${many}`)).toHaveLength(50);
  });
  it('refuses a condition that is too deep instead of running out of stack', () => {
    expect(problems(rule(`    action: deny\n    when: ${'('.repeat(2_000)}true${')'.repeat(2_000)}\n`))).toHaveLength(
      1,
    );
    expect(problems(rule(`    action: deny\n    when: ${'true || '.repeat(505)}true\n`))).toHaveLength(1);
  });
  it('refuses a source that is too long', () => expect(problems('#'.repeat(300_000))[0]).toContain('longer than'));
  it('takes an empty list of rules', () => expect(problems('version: 1\nrules: []\n')).toEqual([]));
});
