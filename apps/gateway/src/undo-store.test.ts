/** What approved changes overwrote: sealed on the gateway's disk, bounded, and there again after a restart. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, type UndoImage, undoLifetimeMs } from '@sluice/domain';
import { newId } from '@sluice/keys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UndoStore } from './undo-store.ts';

const secret = new Secret('a-digest-key-of-this-gateway-of-43-characters');
const cell = (text: string) => Buffer.from(text).toString('base64');
const image = (text = 'planted-value'): UndoImage => ({
  table: { schema: 'public', name: 'customers' },
  change: 'update',
  columns: [
    { name: 'id', type: 23, key: true, generated: false },
    { name: 'email', type: 25, key: false, generated: false },
  ],
  rows: [{ before: [cell('1'), cell(text)], after: [cell('1'), null] }],
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-undo-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('an image is there again after a restart, and nothing of it stands readable on the disk', () => {
  const id = newId();
  const offer = new UndoStore(dir, secret).keep(id, 'connection-1', image());
  expect(offer.rows).toBe(1);
  const again = new UndoStore(dir, secret);
  expect(again.entry(id)).toMatchObject({ connectionId: 'connection-1', image: image() });
  const bytes = readdirSync(dir)
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join();
  expect(bytes).not.toContain('planted');
  expect(bytes).not.toContain(cell('planted-value'));
  again.drop(id);
  expect(again.entry(id)).toBeNull();
});

test('it opens with no other key and as no other approval’s', () => {
  const id = newId();
  new UndoStore(dir, secret).keep(id, 'connection-1', image());
  expect(() => new UndoStore(dir, new Secret('another-digest-key-of-another-gateway-43-ch')).entry(id)).toThrow();
  expect(() => new UndoStore(dir, secret).entry('../keys')).toThrow('wrong form');
});

test('it ends after seven days', () => {
  const id = newId();
  let now = Date.now();
  const store = new UndoStore(dir, secret, () => now);
  store.keep(id, 'connection-1', image());
  now += undoLifetimeMs + 1;
  expect(store.entry(id)).toBeNull();
  expect(readdirSync(dir)).toEqual([]);
});

test('beyond the bound the oldest go, and what is larger than all is refused', () => {
  const store = new UndoStore(dir, secret, Date.now, 6_000);
  const ids = Array.from({ length: 4 }, () => newId());
  for (const [at, id] of ids.entries()) {
    store.keep(id, 'connection-1', image('x'.repeat(1_000)));
    utimesSync(join(dir, `${id}.undo`), 1_000_000 + at, Date.now() / 1_000 - 100 + at);
  }
  expect(store.entry(ids[0]!)).toBeNull();
  expect(store.entry(ids[3]!)).not.toBeNull();
  expect(() => store.keep(newId(), 'connection-1', image('x'.repeat(10_000)))).toThrow('larger than all');
});
