import type { MaintenanceWindow } from '@sluice/domain';
import { compilePolicy, evaluate } from '@sluice/policy';
import { engineer } from '@sluice/testkit/sessions';
import { expect, test } from 'vitest';
import { SessionWindows } from './session-windows.ts';

const deploy: MaintenanceWindow = {
  name: 'deploy',
  selector: { env: ['prod'] },
  schedule: { zone: 'Europe/Berlin', weekdays: [2], from: '20:00', to: '22:00' },
};
const once: MaintenanceWindow = {
  name: 'migration',
  selector: {},
  schedule: { startsAt: '2026-11-24T20:30:00Z', endsAt: '2026-11-24T21:30:00Z' },
};
const at = (iso: string) => Date.parse(iso);

test('windows open and close by the clock, for the connections that their labels choose', () => {
  const prod = new SessionWindows({ env: 'prod' });
  const names = (iso: string) => prod.open([once, deploy], at(iso));
  expect(names('2026-11-24T18:59:59Z')).toEqual([]);
  expect(names('2026-11-24T19:00:00Z')).toEqual(['deploy']);
  expect(names('2026-11-24T20:45:00Z')).toEqual(['deploy', 'migration']);
  expect(names('2026-11-24T21:00:00Z')).toEqual(['migration']);
  expect(names('2026-11-24T21:30:00Z')).toEqual([]);
  const staging = new SessionWindows({ env: 'staging' });
  expect(staging.open([deploy], at('2026-11-24T19:30:00Z'))).toEqual([]);
  expect(staging.open(undefined, at('2026-11-24T19:30:00Z'))).toEqual([]);
});

test('a window that is removed is closed at once; equal answers are one array', () => {
  const windows = new SessionWindows({ env: 'prod' });
  const now = at('2026-11-24T19:30:00Z');
  const list = [deploy];
  expect(windows.open(list, now)).toBe(windows.open([deploy], now + 5_000));
  expect(windows.open([], now)).toEqual([]);
});

test('rules test them by name', () => {
  const compiled = compilePolicy(
    `version: 1
rules:
  - { name: freeze, description: Changes wait for the window., action: deny, when: "!('deploy' in maintenance)" }
  - { name: rest, description: All else passes., action: allow, when: true }
tests:
  - { name: in the window, as: { role: member }, maintenance: [deploy], statement: { kind: write }, expect: allow }
  - { name: outside of it, as: { role: member }, statement: { kind: write }, expect: deny }
`,
    { detectors: [] },
  );
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join());
  const input = {
    actor: engineer,
    connection: { name: 'c', protocol: 'toy', labels: {}, database: '' },
    facts: [],
    session: { database: '', role: '', inTransaction: false },
    time: new Date(),
    grants: [],
    policyVersion: 1,
    defaultAction: 'deny' as const,
  };
  expect(evaluate(compiled.policy, input).action).toBe('deny');
});
