import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTunnel, type Tunnel, type TunnelStream } from './index.ts';
import { batchBytes, maxWindowBytes, sendHighWaterBytes } from './limits.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { MemoryChannel, settle, turn } from './testing/memory-channel.ts';

type Side = 0 | 1;
type Action =
  | { readonly type: 'open'; readonly side: Side }
  | { readonly type: 'write'; readonly side: Side; readonly stream: number; readonly bytes: number }
  | { readonly type: 'end' | 'pause' | 'resume' | 'destroy'; readonly side: Side; readonly stream: number }
  | { readonly type: 'read'; readonly side: Side; readonly stream: number; readonly bytes: number }
  | { readonly type: 'deliver'; readonly side: Side; readonly count: number }
  | { readonly type: 'turn' | 'cut' };

const side = fc.constantFrom<Side>(0, 1);
const stream = fc.nat(7);
const size = fc.oneof(
  fc.integer({ min: 1, max: 64 }),
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: 60_000, max: 200_000 }),
);

function actionArbitrary(endings: { readonly destroy: boolean; readonly cut: boolean }): fc.Arbitrary<Action> {
  const of = <T extends Action['type']>(type: T): fc.Arbitrary<T> => fc.constant(type);
  return fc.oneof(
    { weight: 2, arbitrary: fc.record({ type: of('open'), side }) },
    { weight: 8, arbitrary: fc.record({ type: of('write'), side, stream, bytes: size }) },
    { weight: 1, arbitrary: fc.record({ type: of('end'), side, stream }) },
    { weight: 2, arbitrary: fc.record({ type: of('pause'), side, stream }) },
    { weight: 2, arbitrary: fc.record({ type: of('resume'), side, stream }) },
    { weight: 3, arbitrary: fc.record({ type: of('read'), side, stream, bytes: size }) },
    { weight: 6, arbitrary: fc.record({ type: of('deliver'), side, count: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 6, arbitrary: fc.record({ type: of('turn') }) },
    { weight: endings.destroy ? 1 : 0, arbitrary: fc.record({ type: of('destroy'), side, stream }) },
    { weight: endings.cut ? 1 : 0, arbitrary: fc.record({ type: of('cut') }) },
  );
}

/** One end of one stream, with what it wrote and what it saw. */
class End {
  readonly stream: TunnelStream;
  readonly seed: number;
  readonly peerSeed: number;
  written = 0;
  received = 0;
  ended = false;
  closed = false;
  destroyedHere = false;
  error: Error | null = null;
  wrong: string | null = null;

  constructor(given: TunnelStream, side: Side) {
    this.stream = given;
    this.seed = given.id * 2 + side;
    this.peerSeed = given.id * 2 + (1 - side);
    given.on('data', (chunk: Buffer) => this.check(chunk));
    given.on('end', () => {
      this.ended = true;
    });
    given.on('error', (error) => {
      this.error = error;
    });
    given.on('close', () => {
      this.closed = true;
    });
  }

  write(bytes: number): void {
    if (this.stream.writableEnded || this.stream.destroyed) return;
    this.stream.write(pattern(this.seed, this.written, bytes));
    this.written += bytes;
  }

  check(chunk: Buffer): void {
    if (!chunk.equals(pattern(this.peerSeed, this.received, chunk.length))) {
      this.wrong ??= `stream ${this.stream.id} differs after ${this.received} bytes`;
    }
    this.received += chunk.length;
  }
}

/** Byte n of a direction: a position-dependent pattern, so that loss, doubling and swaps all show. */
function pattern(seed: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let index = 0; index < bytes; index += 1) {
    const position = offset + index;
    buffer[index] = (position ^ ((position >>> 8) * 7) ^ ((position >>> 16) * 13) ^ (seed * 29)) & 0xff;
  }
  return buffer;
}

class World {
  readonly channels = MemoryChannel.pair();
  readonly ends = new Map<string, End>();
  readonly errors: (Error | null)[] = [];
  readonly tunnels: readonly [Tunnel, Tunnel];
  isCut = false;

  constructor(window: number, growth: number) {
    const bounds = { initialWindowBytes: window, windowGrowthBudgetBytes: growth, maxStreams: 8 };
    const make = (which: Side): Tunnel =>
      createTunnel(this.channels[which], {
        role: which === 0 ? 'control-plane' : 'gateway',
        bounds,
        clock: new ManualClock(),
        onStream: (given) => this.add(given, which),
        onNotice: () => undefined,
        onEnd: (error) => this.errors.push(error),
      });
    this.tunnels = [make(0), make(1)];
  }

  add(given: TunnelStream, which: Side): void {
    this.ends.set(`${given.id}/${which}`, new End(given, which));
  }

  end(which: Side, index: number): End | undefined {
    const own = [...this.ends.entries()].filter(([key]) => key.endsWith(`/${which}`));
    return own.length === 0 ? undefined : own[index % own.length]?.[1];
  }

  async apply(action: Action): Promise<void> {
    switch (action.type) {
      case 'open': {
        const tunnel = this.tunnels[action.side];
        if (!this.isCut && tunnel.openStreams < 8) this.add(tunnel.openStream({ n: 1 }), action.side);
        break;
      }
      case 'write':
        this.end(action.side, action.stream)?.write(action.bytes);
        break;
      case 'end':
        this.end(action.side, action.stream)?.stream.end();
        break;
      case 'pause':
        this.end(action.side, action.stream)?.stream.pause();
        break;
      case 'resume':
        this.end(action.side, action.stream)?.stream.resume();
        break;
      case 'read':
        // A 'data' listener sees what read() takes, too.
        this.end(action.side, action.stream)?.stream.read(action.bytes);
        break;
      case 'destroy': {
        const end = this.end(action.side, action.stream);
        if (end !== undefined && !end.closed) end.destroyedHere = true;
        end?.stream.destroy();
        break;
      }
      case 'deliver':
        for (let count = 0; count < action.count; count += 1) this.channels[action.side].deliver();
        break;
      case 'turn':
        await turn();
        break;
      case 'cut':
        this.isCut = true;
        this.channels[0].terminate();
        break;
    }
  }

  async finish(): Promise<void> {
    for (const end of this.ends.values()) end.stream.resume();
    await settle(...this.channels);
    // Streams that the last deliveries opened have ends only now.
    for (const end of this.ends.values()) end.stream.resume();
    for (const end of this.ends.values()) if (!end.stream.destroyed) end.stream.end();
    await settle(...this.channels);
  }
}

function expectBounds(world: World, window: number, growth: number): void {
  for (const which of [0, 1] as const) {
    const { stats } = world.tunnels[which];
    expect(stats.peakStreamUnreadBytes).toBeLessThanOrEqual(Math.min(maxWindowBytes, window + growth));
    // The mark, one batch that was begun below it, and control frames.
    expect(world.channels[which].peakBufferedBytes).toBeLessThanOrEqual(sendHighWaterBytes + 2 * batchBytes + 65_536);
  }
}

const windows = fc.constantFrom(1_024, 4_096, 65_536);
const growths = fc.constantFrom(0, 8_192, 1_048_576);

test('no byte is lost, doubled or swapped, and no buffer passes its bound, whatever the interleaving', async () => {
  await fc.assert(
    fc.asyncProperty(
      windows,
      growths,
      fc.array(actionArbitrary({ destroy: false, cut: false }), { minLength: 20, maxLength: 120 }),
      async (window, growth, actions) => {
        const world = new World(window, growth);
        await settle(...world.channels);
        await world.apply({ type: 'open', side: 0 });
        for (const action of actions) {
          await world.apply(action);
          for (const tunnel of world.tunnels) expect(tunnel.stats.grownWindowBytes).toBeLessThanOrEqual(growth);
        }
        await world.finish();
        expect(world.errors).toEqual([]);
        for (const [key, end] of world.ends) {
          const peer = world.ends.get(key.endsWith('/0') ? key.replace('/0', '/1') : key.replace('/1', '/0'));
          expect(end.wrong).toBeNull();
          expect({ key, received: end.received }).toEqual({ key, received: peer?.written });
          expect({ key, ended: end.ended, closed: end.closed }).toEqual({ key, ended: true, closed: true });
        }
        expectBounds(world, window, growth);
        for (const tunnel of world.tunnels) {
          expect(tunnel.openStreams).toBe(0);
          expect(tunnel.stats.grownWindowBytes).toBe(0);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a reset ends its stream at both ends and leaves every other stream whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      windows,
      fc.array(actionArbitrary({ destroy: true, cut: false }), { minLength: 20, maxLength: 120 }),
      async (window, actions) => {
        const world = new World(window, 65_536);
        await settle(...world.channels);
        await world.apply({ type: 'open', side: 0 });
        await world.apply({ type: 'open', side: 1 });
        for (const action of actions) await world.apply(action);
        await world.finish();
        expect(world.errors).toEqual([]);
        for (const [key, end] of world.ends) {
          const peer = world.ends.get(key.endsWith('/0') ? key.replace('/0', '/1') : key.replace('/1', '/0'));
          expect(end.wrong).toBeNull();
          expect(end.closed).toBe(true);
          expect(end.received).toBeLessThanOrEqual(peer?.written ?? 0);
          if (!end.destroyedHere && !(peer?.destroyedHere ?? true)) expect(end.received).toBe(peer?.written);
        }
        expectBounds(world, window, 65_536);
        for (const tunnel of world.tunnels) expect(tunnel.openStreams).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a cut ends every stream at both ends with an error, and what was read is a prefix of what was written', async () => {
  await fc.assert(
    fc.asyncProperty(
      windows,
      fc.array(actionArbitrary({ destroy: true, cut: true }), { minLength: 10, maxLength: 80 }),
      async (window, actions) => {
        const world = new World(window, 65_536);
        await settle(...world.channels);
        await world.apply({ type: 'open', side: 0 });
        for (const action of actions) await world.apply(action);
        await world.apply({ type: 'cut' });
        await world.finish();
        expect(world.errors.map((error) => (error === null ? null : 'code' in error && error.code))).toEqual([
          'unavailable',
          'unavailable',
        ]);
        for (const [key, end] of world.ends) {
          const peer = world.ends.get(key.endsWith('/0') ? key.replace('/0', '/1') : key.replace('/1', '/0'));
          expect(end.wrong).toBeNull();
          expect(end.closed).toBe(true);
          expect(end.received).toBeLessThanOrEqual(peer?.written ?? 0);
          const whole = end.ended && end.stream.writableFinished;
          expect(whole || end.error !== null || end.destroyedHere || (peer?.destroyedHere ?? false)).toBe(true);
        }
        for (const tunnel of world.tunnels) expect(tunnel.openStreams).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});
