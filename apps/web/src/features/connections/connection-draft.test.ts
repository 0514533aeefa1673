import { isId } from '@sluice/domain';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ConnectionDraft, emptyDraft, type ProtocolManifest, readDraft, sameAddress } from './connection-draft.ts';
import { newConnectionId } from './new-id.ts';

const manifest: ProtocolManifest = {
  name: 'toy',
  label: 'Toy',
  defaultPort: 7,
  replayView: 'statements',
  abilities: { hold: true, maskResults: true, cancel: true, exec: true },
  optionsSchema: z.strictObject({ room: z.string().max(5, 'At most five letters.') }),
  optionFields: [{ name: 'room', label: 'Room', help: '', placeholder: '', required: true }],
  statementLabel: 'Line',
  highlight: 'plain',
  connectHints: () => [],
  tlsRequest: null,
  unavailable: () => new Uint8Array(),
};

const good: ConnectionDraft = {
  ...emptyDraft(manifest),
  name: 'toy-one',
  host: 'toy.internal',
  options: { room: 'blue' },
  groupId: 'g',
  labels: 'env=prod\nteam = shop',
};

describe('readDraft', () => {
  test('reads a whole draft', () => {
    expect(readDraft(good, manifest).value).toEqual({
      name: 'toy-one',
      address: { protocol: 'toy', host: 'toy.internal', port: 7, tls: { mode: 'verify-full', ca: null } },
      options: { room: 'blue' },
      labels: { env: 'prod', team: 'shop' },
      groupId: 'g',
      offlineLeaseSeconds: 60,
      recordedRows: 1_000,
      recordedBytes: 262_144,
    });
  });

  test.each<[Partial<ConnectionDraft>, string]>([
    [{ name: 'Has Space' }, 'name'],
    [{ host: 'https://x' }, 'host'],
    [{ port: '0' }, 'port'],
    [{ port: '1e3' }, 'port'],
    [{ groupId: '' }, 'groupId'],
    [{ labels: 'prod' }, 'labels'],
    [{ tlsCa: 'hello' }, 'tlsCa'],
    [{ options: {} }, 'options.room'],
    [{ options: { room: 'yellow' } }, 'options.room'],
    [{ offlineLeaseSeconds: '-1' }, 'offlineLeaseSeconds'],
  ])('%j is an error at %s', (change, field) => {
    const { errors, value } = readDraft({ ...good, ...change }, manifest);
    expect(value).toBeNull();
    expect(Object.keys(errors)).toEqual([field]);
  });
});

test('an address is the same only when protocol, host, port, TLS mode and CA are', () => {
  const address = readDraft(good, manifest).value?.address;
  if (address === undefined) throw new Error('the draft is good');
  expect(sameAddress(address, { ...address })).toBe(true);
  expect(sameAddress(address, { ...address, host: 'other' })).toBe(false);
  expect(sameAddress(address, { ...address, port: 8 })).toBe(false);
  expect(sameAddress(address, { ...address, tls: { mode: 'require', ca: null } })).toBe(false);
  expect(sameAddress(address, { ...address, tls: { ...address.tls, ca: 'x' } })).toBe(false);
});

test('ids made in the browser are UUIDv7 and sort by time', () => {
  const earlier = newConnectionId(1_700_000_000_000);
  const later = newConnectionId(1_700_000_000_001);
  expect(isId(earlier)).toBe(true);
  expect(earlier[14]).toBe('7');
  expect(earlier < later).toBe(true);
});
