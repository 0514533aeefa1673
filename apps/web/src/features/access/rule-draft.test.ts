import { expect, test } from 'vitest';
import { emptyDraft, readDraft, readSelector, readWeekdays } from './rule-draft.ts';

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
