import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { Secret } from '@sluice/domain';
import { newId } from '@sluice/keys';
import type { TerminalClient, TerminalEnding } from '@sluice/protocols/terminals';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { maxUndrawnBytes } from './messages.ts';
import { TerminalSocket } from './terminal-socket.ts';
import { WebTerminals, webTerminalPrefix } from './web-terminals.ts';

const publicUrl = 'https://sluice.example.com';

describe('who may open one', () => {
  const terminals = new WebTerminals({
    services: {} as never,
    callers: { database: {} as never, authSecrets: [new Secret('a-secret')], publicUrl },
    registry: {} as never,
    log: pino({ level: 'silent' }),
  });
  const size = 'columns=80&rows=24';
  const upgrade = (headers: Record<string, string>, path = `${newId()}?${size}`) =>
    terminals.upgrade(
      { headers, url: `${webTerminalPrefix}${path}`, method: 'GET' } as unknown as IncomingMessage,
      new PassThrough(),
      Buffer.alloc(0),
      { address: '192.0.2.1', clientAddress: '192.0.2.1:5000' },
    );

  test('only a page of Sluice’s own, with its cookie and no token', async () => {
    for (const origin of [
      'https://evil.example.com',
      'http://sluice.example.com',
      'null',
      'https://sluice.example.com:8443',
    ])
      await expect(upgrade({ origin }), origin).rejects.toMatchObject({ code: 'forbidden' });
    await expect(upgrade({})).rejects.toMatchObject({ code: 'forbidden' });
    await expect(upgrade({ origin: publicUrl, authorization: 'Bearer x' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(upgrade({ origin: publicUrl })).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(upgrade({ origin: publicUrl, cookie: '__Secure-authjs.session-token=x' })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  test('an address that names no terminal, or a size that no screen has, is refused', async () => {
    const id = newId();
    for (const path of ['demo', `${id}`, `${id}?columns=80`, `${id}?columns=0&rows=24`, `${id}?columns=9999&rows=24`])
      await expect(upgrade({ origin: publicUrl }, path), path).rejects.toMatchObject({ code: 'bad-request' });
  });
});

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly texts: unknown[] = [];
  bytes = 0;
  /** What has not left yet. */
  bufferedAmount = 0;
  closedWith: number | null = null;
  terminated = false;
  paused = false;
  send(data: string | Buffer): void {
    if (typeof data === 'string') this.texts.push(JSON.parse(data));
    else this.bytes += data.length;
  }
  close(code: number): void {
    this.closedWith ??= code;
  }
  terminate(): void {
    this.terminated = true;
  }
  ping(): void {
    this.emit('pinged');
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
}

class FakeTerminal implements TerminalClient {
  readonly stream = new PassThrough();
  readonly sizes: unknown[] = [];
  closed = false;
  finish: (ending: TerminalEnding) => void = () => undefined;
  readonly ended = new Promise<TerminalEnding>((resolve) => {
    this.finish = resolve;
  });
  resize(size: unknown): void {
    this.sizes.push(size);
  }
  close(): void {
    this.closed = true;
    this.finish({ exitCode: null, signal: null, message: null });
  }
}

describe('one page and one terminal', () => {
  let socket: FakeSocket;
  let terminal: FakeTerminal;
  let joined: Promise<void>;
  beforeEach(() => {
    vi.useFakeTimers();
    socket = new FakeSocket();
    terminal = new FakeTerminal();
  });
  afterEach(() => vi.useRealTimers());
  const join = () => {
    const page = new TerminalSocket(socket as unknown as WebSocket);
    joined = page.join(terminal);
    return page;
  };
  const say = (message: unknown) => socket.emit('message', Buffer.from(JSON.stringify(message)), false);

  test('the shell’s end is the last message', async () => {
    join();
    say({ type: 'resize', columns: 100, rows: 30 });
    expect(terminal.sizes).toEqual([{ columns: 100, rows: 30 }]);
    terminal.finish({ exitCode: 3, signal: null, message: null });
    await joined;
    expect(socket.texts).toEqual([{ type: 'opened' }, { type: 'ended', exitCode: 3, message: null }]);
    expect(socket.closedWith).toBe(1000);
  });

  test('output waits for a page that does not draw', () => {
    join();
    terminal.stream.emit('data', Buffer.alloc(maxUndrawnBytes));
    expect(terminal.stream.isPaused()).toBe(true);
    say({ type: 'drawn', bytes: 1_000 });
    expect(terminal.stream.isPaused()).toBe(true);
    say({ type: 'drawn', bytes: maxUndrawnBytes });
    expect(terminal.stream.isPaused()).toBe(false);
  });

  test('a page that says it drew what it never read gets no more', () => {
    join();
    socket.bufferedAmount = maxUndrawnBytes;
    terminal.stream.emit('data', Buffer.alloc(1_000));
    expect(terminal.stream.isPaused()).toBe(true);
    say({ type: 'drawn', bytes: maxUndrawnBytes });
    expect(terminal.stream.isPaused()).toBe(true);
    socket.bufferedAmount = 0;
    say({ type: 'drawn', bytes: 1 });
    expect(terminal.stream.isPaused()).toBe(false);
  });

  test('what is typed waits for a terminal that does not read, and is dropped where there is none', () => {
    const page = new TerminalSocket(socket as unknown as WebSocket);
    socket.emit('message', Buffer.from('early'), true);
    joined = page.join(terminal);
    vi.spyOn(terminal.stream, 'write').mockReturnValue(false);
    socket.emit('message', Buffer.from('ls\n'), true);
    expect(socket.paused).toBe(true);
    terminal.stream.emit('drain');
    expect(socket.paused).toBe(false);
    expect(terminal.stream.write).toHaveBeenCalledTimes(1);
  });

  test('an unknown message, silence of the page and a page that leaves all end the terminal', () => {
    for (const message of [{ type: 'other' }, { type: 'resize', columns: 1e9, rows: 1 }, 7]) {
      socket = new FakeSocket();
      terminal = new FakeTerminal();
      join();
      say(message);
      expect([socket.closedWith, terminal.closed]).toEqual([1008, true]);
    }
    socket = new FakeSocket();
    terminal = new FakeTerminal();
    join();
    vi.advanceTimersByTime(31_000);
    expect([socket.terminated, terminal.closed]).toEqual([true, true]);
    socket = new FakeSocket();
    terminal = new FakeTerminal();
    const page = join();
    socket.emit('close');
    expect([page.signal.aborted, terminal.closed]).toEqual([true, true]);
  });

  test('a terminal into which nobody types ends after an hour', () => {
    join();
    socket.on('pinged', () => socket.emit('pong'));
    vi.advanceTimersByTime(59 * 60_000);
    socket.emit('message', Buffer.from('x'), true);
    vi.advanceTimersByTime(59 * 60_000);
    expect(terminal.closed).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(terminal.closed).toBe(true);
    expect(socket.texts.at(-1)).toMatchObject({ type: 'ended', message: 'Nothing was typed for an hour.' });
  });

  test('a terminal that opens after its page has left is closed', async () => {
    const page = new TerminalSocket(socket as unknown as WebSocket);
    socket.emit('close');
    await page.join(terminal);
    expect([terminal.closed, socket.texts]).toEqual([true, []]);
  });
});
