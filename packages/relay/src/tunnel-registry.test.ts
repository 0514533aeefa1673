import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTunnelPair, type TunnelPair } from './testing/tunnel-pair.ts';

let pair: TunnelPair;
beforeEach(async () => {
  pair = await openTunnelPair();
});
afterEach(() => pair.close());

const echo = (stream: Duplex): void => {
  stream.on('error', () => undefined);
  stream.pipe(stream);
};

test('the newest tunnel takes new streams; the older one drains and keeps its own until they end', async () => {
  const changes: [string, boolean][] = [];
  pair.registry.onChange((gatewayId, online) => changes.push([gatewayId, online]));
  await pair.connectGateway('g', echo);
  const first = pair.registry.tunnelOf('g');
  const stream = first?.openStream({}) as Duplex;
  stream.write('one');
  await once(stream, 'data');
  await pair.connectGateway('g', echo);
  const second = pair.registry.tunnelOf('g');
  expect(second).not.toBe(first);
  expect(pair.registry.tunnelsOf('g')).toContain(first);
  expect(() => first?.openStream({})).toThrow(/draining/);
  stream.end('two');
  await once(stream, 'data');
  await first?.finished;
  expect(pair.registry.online()).toEqual(['g']);
  expect(changes.slice(0, 2)).toEqual([
    ['g', true],
    ['g', true],
  ]);
});

test('a gateway that is gone is offline, and takes no notice', async () => {
  const gateway = await pair.connectGateway('g', echo);
  expect(pair.registry.notify('g', { type: 'approval', id: 'x' })).toBe(true);
  const gone = new Promise((resolve) => pair.registry.onChange((_id, online) => !online && resolve(null)));
  gateway.kill();
  await gone;
  expect(pair.registry.online()).toEqual([]);
  expect(pair.registry.tunnelOf('g')).toBeNull();
  expect(pair.registry.notify('g', {})).toBe(false);
});
