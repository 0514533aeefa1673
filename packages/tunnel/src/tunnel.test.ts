import { once } from 'node:events';
import { SluiceError } from '@sluice/domain';
import { beforeEach, expect, test } from 'vitest';
import { encodeHello, type FrameType, frameTypes } from './frames.ts';
import { createTunnel, type Tunnel, type TunnelBounds, type TunnelStream } from './index.ts';
import { helloTimeoutMs, maxSilentIntervals, pingIntervalMs } from './limits.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { MemoryChannel, settle, turn } from './testing/memory-channel.ts';

interface Seen {
  readonly streams: { readonly stream: TunnelStream; readonly header: unknown }[];
  readonly notices: unknown[];
  readonly ends: (SluiceError | null)[];
}

interface Half extends Seen {
  readonly tunnel: Tunnel;
  readonly channel: MemoryChannel;
}

let clock = new ManualClock();
beforeEach(() => {
  clock = new ManualClock();
});

function half(channel: MemoryChannel, role: 'gateway' | 'control-plane', bounds: Partial<TunnelBounds> = {}): Half {
  const seen: Seen = { streams: [], notices: [], ends: [] };
  const tunnel = createTunnel(channel, {
    role,
    bounds,
    clock,
    onStream: (stream, header) => {
      stream.on('error', () => undefined);
      seen.streams.push({ stream, header });
    },
    onNotice: (notice) => seen.notices.push(notice),
    onEnd: (error) => seen.ends.push(error),
  });
  return { ...seen, tunnel, channel };
}

async function pair(
  bounds: { plane?: Partial<TunnelBounds>; gateway?: Partial<TunnelBounds> } = {},
): Promise<[Half, Half]> {
  const [left, right] = MemoryChannel.pair();
  const plane = half(left, 'control-plane', bounds.plane);
  const gateway = half(right, 'gateway', bounds.gateway);
  await settle(left, right);
  return [plane, gateway];
}

/** A gateway whose peer is the test itself, after its HELLO. */
async function gatewayAlone(bounds: Partial<TunnelBounds> = {}): Promise<Half> {
  const [, right] = MemoryChannel.pair();
  const gateway = half(right, 'gateway', { initialWindowBytes: 1_024, maxStreams: 4, ...bounds });
  right.inject(frame(frameTypes.hello, 0, peerHello));
  await gateway.tunnel.ready;
  return gateway;
}

const peerHello = encodeHello({
  role: 'control-plane',
  minVersion: 1,
  maxVersion: 1,
  initialWindowBytes: 1_024,
  maxStreams: 4,
});

function frame(type: FrameType, id: number, payload: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(type * 0x1000000 + bytes.length, 0);
  header.writeUInt32BE(id, 4);
  return Buffer.concat([header, bytes]);
}

function credit(id: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(frameTypes.credit, id, payload);
}

test('streams carry their header, and notices cross both ways', async () => {
  const [plane, gateway] = await pair();
  plane.tunnel.openStream({ connectionId: 'c' });
  plane.tunnel.sendNotice({ type: 'heartbeat' });
  gateway.tunnel.sendNotice({ type: 'hello' });
  await settle(plane.channel, gateway.channel);
  expect(gateway.streams.map(({ header }) => header)).toEqual([{ connectionId: 'c' }]);
  expect([gateway.notices, plane.notices]).toEqual([[{ type: 'heartbeat' }], [{ type: 'hello' }]]);
});

test('what is written in one tick leaves in one message', async () => {
  const [plane] = await pair();
  for (let index = 0; index < 50; index += 1) plane.tunnel.openStream({ index }).write('SELECT 1');
  await turn();
  expect(plane.channel.waiting).toBe(1);
});

test('a stuck reader holds only its own stream', async () => {
  const [plane, gateway] = await pair();
  const stuck = plane.tunnel.openStream('stuck');
  const brisk = plane.tunnel.openStream('brisk');
  stuck.write(Buffer.alloc(8 * 1_048_576));
  await settle(plane.channel, gateway.channel);
  let received = 0;
  gateway.streams[1]?.stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  brisk.end(Buffer.alloc(8 * 1_048_576));
  await settle(plane.channel, gateway.channel);
  expect(received).toBe(8 * 1_048_576);
  expect(gateway.streams[0]?.stream.readableLength).toBe(65_536);
  expect(stuck.writableLength).toBe(8 * 1_048_576);
});

test('many streams share the channel one frame at a time', async () => {
  const [plane, gateway] = await pair();
  const streams = [0, 1, 2].map((index) => plane.tunnel.openStream(index));
  await settle(plane.channel, gateway.channel);
  const counts = [0, 0, 0];
  const spreads: number[] = [];
  for (const [index, { stream }] of gateway.streams.entries()) {
    stream.on('data', () => {
      counts[index] = (counts[index] ?? 0) + 1;
      spreads.push(Math.max(...counts) - Math.min(...counts));
    });
  }
  for (const stream of streams) stream.write(Buffer.alloc(1_048_576));
  await settle(plane.channel, gateway.channel);
  expect(counts).toEqual([16, 16, 16]);
  expect(Math.max(...spreads)).toBe(1);
});

test('destroy tells the other side code and reason; of a foreign error only the system code', async () => {
  const [plane, gateway] = await pair();
  const errors: unknown[] = [];
  for (const error of [
    new SluiceError('target-auth', 'the target refused the password'),
    Object.assign(new Error('read of secret bytes failed'), { code: 'ECONNRESET' }),
    new Error('a value of the session'),
    undefined,
  ]) {
    const stream = plane.tunnel.openStream({});
    stream.on('error', () => undefined);
    await settle(plane.channel, gateway.channel);
    gateway.streams.at(-1)?.stream.on('error', (seen) => errors.push(seen));
    stream.destroy(error);
    await settle(plane.channel, gateway.channel);
  }
  expect(errors.map((error) => (error instanceof SluiceError ? [error.code, error.message] : error))).toEqual([
    ['target-auth', 'the target refused the password'],
    ['unavailable', 'the connection failed (ECONNRESET)'],
    ['internal', 'the stream failed'],
    ['cancelled', 'the other side ended the stream'],
  ]);
  expect([plane.tunnel.openStreams, gateway.tunnel.openStreams]).toEqual([0, 0]);
  expect([plane.ends, gateway.ends]).toEqual([[], []]);
});

test("a reader that throws loses its stream, not its neighbours'", async () => {
  const [plane, gateway] = await pair();
  const [bad, good] = [plane.tunnel.openStream('bad'), plane.tunnel.openStream('good')];
  bad.on('error', () => undefined);
  await settle(plane.channel, gateway.channel);
  gateway.streams[0]?.stream.on('data', () => {
    throw new Error('bug');
  });
  const data: string[] = [];
  gateway.streams[1]?.stream.on('data', (chunk: Buffer) => data.push(chunk.toString()));
  bad.write('x');
  good.write('y');
  await settle(plane.channel, gateway.channel);
  expect(data).toEqual(['y']);
  expect(bad.destroyed).toBe(true);
  expect(gateway.ends).toEqual([]);
});

test('the opener is held to the number of streams that its peer takes', async () => {
  const [plane, gateway] = await pair({ gateway: { maxStreams: 2 } });
  const first = plane.tunnel.openStream(1);
  first.on('error', () => undefined);
  plane.tunnel.openStream(2);
  expect(() => plane.tunnel.openStream(3)).toThrow(expect.objectContaining({ code: 'too-many' }));
  first.destroy();
  await settle(plane.channel, gateway.channel);
  plane.tunnel.openStream(4);
  await settle(plane.channel, gateway.channel);
  expect(gateway.ends).toEqual([]);
});

test('what does not fit or cannot be sent now is refused where it is asked for', async () => {
  const [plane] = MemoryChannel.pair();
  const early = half(plane, 'control-plane');
  expect(() => early.tunnel.openStream({})).toThrow(expect.objectContaining({ code: 'unavailable' }));
  const [ready] = await pair();
  expect(() => ready.tunnel.openStream('x'.repeat(20_000))).toThrow(expect.objectContaining({ code: 'too-large' }));
  expect(() => ready.tunnel.sendNotice('x'.repeat(20_000))).toThrow(expect.objectContaining({ code: 'too-large' }));
  const flood = (): never => {
    for (;;) ready.tunnel.sendNotice('x'.repeat(16_000));
  };
  expect(flood).toThrow(expect.objectContaining({ code: 'too-many' }));
  expect(ready.channel.peakBufferedBytes).toBeLessThanOrEqual(5 * 1_048_576);
});

test('drain refuses new streams, lets open ones finish, and then closes cleanly', async () => {
  const [plane, gateway] = await pair();
  const stream = plane.tunnel.openStream({});
  await settle(plane.channel, gateway.channel);
  gateway.streams[0]?.stream.pipe(gateway.streams[0].stream);
  const late = plane.tunnel.openStream('crosses the DRAIN');
  const refused = once(late, 'error');
  const drained = gateway.tunnel.drain();
  await settle(plane.channel, gateway.channel);
  expect((await refused)[0]).toMatchObject({ code: 'unavailable', message: 'the tunnel is draining' });
  expect(plane.tunnel.draining).toBe(true);
  expect(() => plane.tunnel.openStream({})).toThrow(expect.objectContaining({ code: 'unavailable' }));
  const echoed: string[] = [];
  stream.on('data', (chunk: Buffer) => echoed.push(chunk.toString()));
  stream.end('last words');
  await settle(plane.channel, gateway.channel);
  await drained;
  expect(echoed).toEqual(['last words']);
  expect([plane.ends, gateway.ends]).toEqual([[null], [null]]);
});

test('close ends both sides cleanly and their streams with an error', async () => {
  const [plane, gateway] = await pair();
  const stream = plane.tunnel.openStream({});
  const failed = once(stream, 'error');
  plane.tunnel.close('bye');
  await settle(plane.channel, gateway.channel);
  expect((await failed)[0]).toMatchObject({ code: 'unavailable' });
  expect([plane.ends, gateway.ends]).toEqual([[null], [null]]);
});

test('destroy tells the peer why', async () => {
  const [plane, gateway] = await pair();
  plane.tunnel.destroy(new SluiceError('forbidden', 'this gateway was removed'));
  await settle(plane.channel, gateway.channel);
  expect(gateway.ends).toEqual([expect.objectContaining({ code: 'forbidden', message: 'this gateway was removed' })]);
});

test('versions that do not meet end both sides with the same clean error', async () => {
  const [plane, gateway] = await pair({ gateway: { minVersion: 2, maxVersion: 3 } });
  for (const { ends } of [plane, gateway]) expect(ends).toEqual([expect.objectContaining({ code: 'unsupported' })]);
  await expect(gateway.tunnel.ready).rejects.toMatchObject({ code: 'unsupported' });
});

test('a peer that says nothing is given up: before HELLO, and after', async () => {
  const [left] = MemoryChannel.pair();
  const silent = half(left, 'control-plane');
  clock.advance(helloTimeoutMs);
  expect(silent.ends).toEqual([expect.objectContaining({ code: 'timed-out' })]);

  const [plane, gateway] = await pair();
  for (let interval = 0; interval < 3 * maxSilentIntervals; interval += 1) {
    clock.advance(pingIntervalMs);
    await settle(plane.channel, gateway.channel);
  }
  expect([plane.ends, gateway.ends]).toEqual([[], []]);
  clock.advance(pingIntervalMs * maxSilentIntervals);
  expect(plane.ends).toEqual([expect.objectContaining({ code: 'timed-out' })]);
});

const openOne = frame(frameTypes.open, 2, '{}');
test.each<[string, Buffer[]]>([
  ['a second HELLO', [frame(frameTypes.hello, 0, peerHello)]],
  ['a second DRAIN', [openOne, frame(frameTypes.drain, 0), frame(frameTypes.drain, 0)]],
  ['OPEN after DRAIN', [openOne, frame(frameTypes.drain, 0), frame(frameTypes.open, 4, '{}')]],
  ['OPEN with an id of the other side', [frame(frameTypes.open, 1, '{}')]],
  ['OPEN that skips an id', [frame(frameTypes.open, 4, '{}')]],
  ['OPEN twice', [openOne, openOne]],
  ['OPEN with malformed JSON', [frame(frameTypes.open, 2, '{')]],
  ['NOTICE with malformed JSON', [frame(frameTypes.notice, 0, '{')]],
  ['a flood of OPEN', [2, 4, 6, 8, 10].map((id) => frame(frameTypes.open, id, '{}'))],
  ['DATA for a stream that is not open', [frame(frameTypes.data, 2, 'x')]],
  [
    'DATA beyond its credit',
    [openOne, frame(frameTypes.data, 2, Buffer.alloc(1_000)), frame(frameTypes.data, 2, Buffer.alloc(25))],
  ],
  ['DATA after FIN', [openOne, frame(frameTypes.fin, 2), frame(frameTypes.data, 2, 'x')]],
  ['FIN twice', [openOne, frame(frameTypes.fin, 2), frame(frameTypes.fin, 2)]],
  ['CLOSED without FIN', [openOne, frame(frameTypes.closed, 2)]],
  ['CLOSED before our FIN', [openOne, frame(frameTypes.fin, 2), frame(frameTypes.closed, 2)]],
  ['CREDIT of nothing', [openOne, credit(2, 0)]],
  ['CREDIT that overflows', [openOne, credit(2, 0xffffffff)]],
  ['frames after RESET', [openOne, frame(frameTypes.reset, 2, '\0'), frame(frameTypes.data, 2, 'x')]],
])('%s ends the tunnel with a protocol violation', async (_name, messages) => {
  const gateway = await gatewayAlone();
  for (const message of messages) gateway.channel.inject(message);
  expect(gateway.ends).toEqual([expect.objectContaining({ code: 'protocol-violation' })]);
  expect(gateway.channel.closedWith?.code).toBe(4422);
  expect(gateway.tunnel.openStreams).toBe(0);
  expect(gateway.streams.every(({ stream }) => stream.destroyed)).toBe(true);
  // Nothing more is listened to.
  gateway.channel.inject(openOne);
  expect(gateway.ends).toHaveLength(1);
});

test('a first frame that is not HELLO, a HELLO of the same role, and a text message end the tunnel', () => {
  const sameRole = encodeHello({ role: 'gateway', minVersion: 1, maxVersion: 1, initialWindowBytes: 1, maxStreams: 1 });
  for (const first of [openOne, frame(frameTypes.hello, 0, sameRole), null]) {
    const [, right] = MemoryChannel.pair();
    const gateway = half(right, 'gateway');
    if (first === null) right.injectText();
    else right.inject(first);
    expect(gateway.ends).toEqual([expect.objectContaining({ code: 'protocol-violation' })]);
  }
});

test('a flood of PING queues one PONG', async () => {
  const gateway = await gatewayAlone();
  await turn();
  const before = gateway.channel.bufferedBytes;
  const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(frameTypes.ping, 0, Buffer.alloc(8))));
  for (let round = 0; round < 100; round += 1) gateway.channel.inject(pings);
  await turn();
  expect(gateway.channel.bufferedBytes - before).toBe(16);
});

test('small unread pieces do not keep the large messages alive that they came in', async () => {
  const gateway = await gatewayAlone();
  gateway.channel.inject(openOne);
  const message = Buffer.concat([
    frame(frameTypes.data, 2, 'tiny'),
    frame(frameTypes.notice, 0, JSON.stringify('n'.repeat(10_000))),
  ]);
  gateway.channel.inject(message);
  const kept = gateway.streams[0]?.stream.read() as Buffer;
  expect(kept.toString()).toBe('tiny');
  expect(kept.buffer).not.toBe(message.buffer);
});
