import { createHash } from 'node:crypto';
import { generateSigningKeys } from '@sluice/keys';
import { expect, test } from 'vitest';
import {
  auditExportEnd,
  auditExportLine,
  auditExportStart,
  type ExportedAuditEvent,
  verifyAuditExport,
} from './audit-export.ts';

const keys = generateSigningKeys();

function chain(count: number): ExportedAuditEvent[] {
  let previousHash = '0'.repeat(64);
  return Array.from({ length: count }, (_, at) => {
    const body = JSON.stringify({ index: at + 1, sentence: `event ${at + 1}\r\n\u001b[31m` });
    const hash = createHash('sha256').update(`sluice-audit-v1\0${previousHash}\0${body}`).digest('hex');
    const event = { index: at + 1, previousHash, hash, body };
    previousHash = hash;
    return event;
  });
}

function fileOf(events: readonly ExportedAuditEvent[], from = 1): string {
  const last = events.at(-1);
  const start = auditExportStart(from, [{ keyId: keys.keyId, publicKey: keys.publicKey }]);
  return (
    start +
    events.map(auditExportLine).join('') +
    auditExportEnd(keys, last?.index ?? 0, last?.hash ?? '0'.repeat(64), 5)
  );
}

const events = chain(6);
const at = (index: number): ExportedAuditEvent => events[index] as ExportedAuditEvent;

test('a whole export verifies, also from the middle, with and without trusted keys and anchors', () => {
  expect(verifyAuditExport(fileOf(events))).toMatchObject({ ok: true, events: 6, head: { index: 6 } });
  expect(verifyAuditExport(fileOf(events.slice(3), 4))).toMatchObject({ ok: true, events: 3, from: 4 });
  expect(verifyAuditExport(fileOf(events), { trustedKeyOf: () => null }).ok).toBe(false);
  expect(verifyAuditExport(fileOf(events), { anchors: [{ index: 3, hash: at(2).hash }] }).ok).toBe(true);
  const anchors = [{ index: 3, hash: at(3).hash }];
  expect(verifyAuditExport(fileOf(events), { anchors }).problems).toEqual([
    'Event 3 is not the one that the anchor names.',
  ]);
});

test('every changed byte, and every dropped, swapped or repeated event, is named', () => {
  const file = fileOf(events);
  for (let offset = 0; offset < file.length; offset += 1) {
    const changed = file.slice(0, offset) + String.fromCharCode(file.charCodeAt(offset) ^ 1) + file.slice(offset + 1);
    expect({ offset, ok: verifyAuditExport(changed).ok }).toEqual({ offset, ok: false });
  }
  for (let index = 0; index < events.length - 1; index += 1) {
    const problems = verifyAuditExport(fileOf(events.toSpliced(index, 1))).problems;
    expect(problems[0]).toBe(`Event ${index + 1} is missing.`);
  }
  expect(verifyAuditExport(fileOf([at(0), at(2), at(1), ...events.slice(3)])).problems).toContain(
    'Event 2 stands behind a later one or more than once.',
  );
  expect(verifyAuditExport(fileOf([...events, at(5)])).ok).toBe(false);
  // Cut off at its end: the head that was signed then names an event that is not there.
  const cut = fileOf(events).split('\n').toSpliced(5, 2).join('\n');
  expect(verifyAuditExport(cut).ok).toBe(false);
});
