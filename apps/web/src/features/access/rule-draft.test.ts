import { expect, test } from 'vitest';
import { draftOfRule, emptyDraft, readDraft, readSelector, readWeekdays } from './rule-draft.ts';

test('labels and weekdays as people write them', () => {
  expect(readSelector('env=prod,staging team=shop')).toEqual({ env: ['prod', 'staging'], team: ['shop'] });
  expect(readSelector('')).toEqual({});
  expect(readSelector('prod')).toBeNull();
  expect(readWeekdays('Mon-Fri')).toEqual([1, 2, 3, 4, 5]);
  expect(readWeekdays('sat, sun')).toEqual([6, 7]);
  expect(readWeekdays('someday')).toBeNull();
});

test('a draft becomes a rule, or says what is missing', () => {
  expect(readDraft(emptyDraft, null)).toMatchObject({ ok: false });
  const read = readDraft({ ...emptyDraft, subject: 'g', weekdays: 'mon', networks: '10.0.0.0/8' }, 'c');
  expect(read).toEqual({
    ok: true,
    rule: {
      mode: 'connect',
      subject: { kind: 'group', id: 'g' },
      scope: { connectionId: 'c' },
      networks: ['10.0.0.0/8'],
      windows: [{ zone: 'UTC', weekdays: [1], from: '09:00', to: '17:00' }],
      note: '',
    },
  });
});

test('a rule comes back from its form as it was', () => {
  const subject = { kind: 'group', id: 'g1', name: 'payments' };
  const window = { zone: 'Europe/Berlin', weekdays: [1, 2, 5], from: '08:00', to: '18:00' };
  const rule = {
    id: 'r1',
    mode: 'connect' as const,
    subject,
    connection: null,
    selector: { env: ['prod', 'staging'] },
    windows: [window],
    networks: ['10.0.0.0/8'],
    approvers: [],
    approvalCount: 1,
    maxSeconds: null,
    note: 'on call',
    expiresAt: new Date(0),
    createdAt: new Date(0),
    createdBy: null,
    sentence: '',
  };
  const draft = draftOfRule(rule);
  expect(draft).toMatchObject({ subjectKind: 'group', subject: 'g1', weekdays: 'mon tue fri' });
  expect(draft === null ? null : readDraft(draft, null)).toEqual({
    ok: true,
    rule: {
      mode: 'connect',
      subject: { kind: 'group', id: 'g1' },
      scope: { selector: { env: ['prod', 'staging'] } },
      networks: ['10.0.0.0/8'],
      windows: [window],
      note: 'on call',
      expiresAt: new Date(0),
    },
  });
  expect(draftOfRule({ ...rule, windows: [window, window] })).toBeNull();
});
