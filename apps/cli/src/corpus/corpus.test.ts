/** The corpus files themselves, and the pure parts of their runner. */
import { describe, expect, it } from 'vitest';
import { deliveriesOf } from './deliveries.ts';
import { judge } from './judge.ts';
import { leakSearch } from './leaks.ts';
import { loadCorpus } from './load.ts';
import { failedIn, printReport } from './report.ts';
import type { CorpusReport } from './run.ts';
import { roles } from './schema.ts';

const corpus = loadCorpus();

describe('the corpus files', () => {
  const refuse = corpus.forms.filter((form) => form.list === 'must-refuse');
  const allow = corpus.forms.filter((form) => form.list === 'must-allow');

  it('hold many forms, each with a reason and a verdict for agents', () => {
    expect(refuse.length).toBeGreaterThanOrEqual(900);
    expect(allow.length).toBeGreaterThanOrEqual(500);
    for (const form of corpus.forms) {
      expect([form.id, form.why.length > 7, form.expect.agent === undefined]).toEqual([form.id, true, false]);
      expect(roles.some((role) => form.expect[role] !== undefined)).toBe(true);
    }
  });

  /** PG24 is no class of the list. */
  const classes = [
    ...Array.from({ length: 23 }, (_, i) => `PG${String(i + 1).padStart(2, '0')}`),
    ...['PG25', 'PG26', 'PG27', 'PG28'],
    ...Array.from({ length: 9 }, (_, i) => `MK0${i + 1}`),
  ];
  it.each(classes)('%s has several forms', (name) => {
    expect(refuse.filter((form) => form.class === name).length).toBeGreaterThanOrEqual(5);
  });

  it.each([
    ...[
      'psql',
      'jdbc',
      'npgsql',
      'sqlalchemy',
      'django',
      'rails',
      'prisma',
      'dbeaver',
      'datagrip',
      'metabase',
      'pgadmin',
    ],
    ...['words', 'reports'],
  ])('what %s sends is among what must be allowed', (name) => {
    expect(allow.filter((form) => form.class === name).length).toBeGreaterThanOrEqual(10);
  });

  it('name only forms that are there as known gaps', () => {
    const ids = new Set(corpus.forms.map((form) => form.id));
    expect(corpus.gaps.flatMap((gap) => gap.ids).filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('planted values', () => {
  const search = leakSearch([{ name: 'ssn', text: '738-94-65', window: 6 }]);
  it.each([
    'x738-94-6521',
    '12-56-49-837',

    Buffer.from('38-94-').toString('hex'),
    Buffer.from(' 738-94-65 ').toString('base64'),
  ])('are found in %s', (text) => expect(search(Buffer.from(text))).toEqual(['ssn']));
  it('are not found where a mask stands', () => {
    expect(search(Buffer.from('•••-••-6521 [redacted] 738-9'))).toEqual([]);
  });
});

describe('the runner', () => {
  const [form] = corpus.forms.filter((one) => one.list === 'must-refuse' && one.form.type === 'text');
  if (form === undefined) throw new Error('the corpus is empty');
  const answer = { code: '42501', message: 'no', received: Buffer.alloc(0) };

  it('counts an effect and a planted value whatever the verdict was', () => {
    expect(judge(form, 'deny', 'simple', { ...answer, outcome: 'refused' }, true, [])).toBe('through');
    expect(judge(form, 'deny', 'simple', { ...answer, outcome: 'refused' }, false, ['ssn'])).toBe('through');
    expect(judge(form, 'deny', 'simple', { ...answer, outcome: 'refused' }, false, [])).toBe('held-to');
    expect(judge(form, 'deny', 'simple', { ...answer, outcome: 'failed' }, false, [])).toBe('unexpected');
    expect(judge({ ...form, list: 'must-allow' }, 'allow', 'simple', { ...answer, outcome: 'held' }, false, [])).toBe(
      'refused',
    );
  });

  it('tries every way, or a share of the ways that stays the same', () => {
    const ways = {
      paths: ['simple', 'extended', 'exec'],
      positions: ['alone', 'transaction', 'pipelined'] as const,
      cuts: 'every' as const,
      oneIn: 1,
    };
    const whole = { ...form, positions: ways.positions, paths: null };
    expect(deliveriesOf(whole, ways, ['simple'])).toHaveLength(18);
    const few = deliveriesOf(whole, { ...ways, oneIn: 1_000_000 }, ['simple', 'extended']);
    expect(few).toEqual([
      { path: 'simple', position: 'alone', cut: false },
      { path: 'extended', position: 'alone', cut: false },
    ]);
    expect(deliveriesOf(whole, { ...ways, oneIn: 3 }, [])).toEqual(deliveriesOf(whole, { ...ways, oneIn: 3 }, []));
  });

  it('fails for what got through and for nothing else', () => {
    const counts = { forms: 1, tries: 1, heldTo: 1, through: 0, refused: 0, unexpected: 0, gaps: 0, skipped: 0 };
    const report = (changed: Partial<typeof counts>): CorpusReport => ({
      role: 'agent',
      classes: [{ class: 'PG01', title: 'x < y', list: 'must-refuse', ...counts, ...changed }],
      findings: [],
      closedGaps: [],
      digests: true,
    });
    expect(failedIn(report({}))).toBe(false);
    expect(failedIn(report({ gaps: 1 }))).toBe(false);
    expect(failedIn(report({ tries: 0 }))).toBe(true);
    for (const key of ['through', 'refused', 'unexpected'] as const) expect(failedIn(report({ [key]: 1 }))).toBe(true);
    expect(printReport(report({}), 'junit')).toContain('x &lt; y');
    expect(printReport(report({}), 'table')).toContain('PG01');
  });
});
