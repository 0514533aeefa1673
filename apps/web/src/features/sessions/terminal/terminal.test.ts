import { spawnSync } from 'node:child_process';
import { SerializeAddon } from '@xterm/addon-serialize';
import { Terminal } from '@xterm/xterm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { advance, momentText, spokenMoment } from './playback.ts';
import { keyframeCharacters, ScreenIndex, scrollbackLines } from './screen-index.ts';
import { ScreenPlayer } from './screen-player.ts';
import { addPage, TerminalTrack } from './track.ts';

const opening = { id: 't', statementId: null, columns: 80, rows: 24, term: 'xterm', at: 1_000 };
const makeTerminal = (cols: number, rows: number) => new Terminal({ cols, rows, scrollback: scrollbackLines });

function screenOf(terminal: Terminal): string {
  const serializer = new SerializeAddon();
  terminal.loadAddon(serializer);
  const { cursorX, cursorY } = terminal.buffer.active;
  return `${serializer.serialize({ scrollback: 0 })}|${cursorX},${cursorY}`;
}

async function readAll(index: ScreenIndex): Promise<void> {
  while (await index.readSlice());
}

/** The screen after that many events, by everything before it. */
async function straight(track: TerminalTrack, events: number): Promise<string> {
  const terminal = makeTerminal(track.opening.columns, track.opening.rows);
  const nothing = { before: () => ({ events: 0, columns: 80, rows: 24, text: '' }) } as unknown as ScreenIndex;
  await new ScreenPlayer(terminal, track, nothing).show(events);
  return screenOf(terminal);
}

/** What a full-screen program, colours, scrolling regions and line drawing look like, much of it. */
function busyTrack(events: number): TerminalTrack {
  const track = new TerminalTrack(opening);
  const filler = '\x1b[32mline of a long listing\x1b[0m '.repeat(20);
  const parts = [
    `${filler}\r\n`,
    '\x1b[5;15r\x1b[15;1H\n\n\n',
    '\x1b[?1049h\x1b[2J\x1b[Htop\x1b[10;10H\x1b(0lqqk\x1b(B',
    '\x1b[?1049l',
    '\x1b[r\x1b[20;3Hback',
    '\x1b[?25l\x1b[?6h\x1b[3;3H',
    '\x1b[?6l\x1b[?25h',
    'wide 日本 🦉 \x1b[7minverse\x1b[0m',
    '\x1b[4hinsert\x1b[4l',
    '\x0elqk\x0f',
  ];
  for (let event = 0; event < events; event += 1) {
    if (event % 97 === 96) track.add('r', opening.at + event * 10, `${60 + (event % 60)}x${20 + (event % 20)}`);
    else
      track.add(
        'o',
        opening.at + event * 10,
        (parts[(event * 7) % parts.length] ?? '') + (event % 3 === 0 ? filler : ''),
      );
  }
  return track;
}

test('a jump shows the very screen that playing from the start shows', async () => {
  const track = busyTrack(1_500);
  const index = new ScreenIndex(track, makeTerminal);
  await readAll(index);
  expect(index.before(1_499).events).toBeGreaterThan(1_000);
  const terminal = makeTerminal(80, 24);
  const player = new ScreenPlayer(terminal, track, index);
  for (const moment of [1_499, 3, 750, 96, 97, 1_200, 0, 1_001]) {
    await player.show(moment);
    expect([moment, screenOf(terminal)]).toEqual([moment, await straight(track, moment)]);
  }
});

test('the newest wish wins, and an index that is not ready is no obstacle', async () => {
  const track = busyTrack(400);
  const terminal = makeTerminal(80, 24);
  const player = new ScreenPlayer(terminal, track, new ScreenIndex(track, makeTerminal));
  void player.show(390);
  void player.show(10);
  await player.show(200);
  expect(screenOf(terminal)).toBe(await straight(track, 200));
});

/** A shell that echoes: keys go in, what the screen shows comes out. */
function typedSession(script: readonly (readonly ['o' | 'i', string])[]): Promise<readonly string[]> {
  const track = new TerminalTrack(opening);
  for (const [place, [kind, text]] of script.entries()) track.add(kind, opening.at + place * 100, text);
  const index = new ScreenIndex(track, makeTerminal);
  return readAll(index).then(() => index.commands.map(({ text }) => text));
}

test('command lines are read from the screen as they stood when Enter was pressed', async () => {
  const prompt = ['o', 'user@web-01:~$ '] as const;
  expect(
    await typedSession([
      prompt,
      ['i', 'l'],
      ['o', 'l'],
      ['i', 'a'],
      ['o', 'a'],
      // Backspace, then the right letter.
      ['i', '\x7f'],
      ['o', '\b\x1b[K'],
      ['i', 's'],
      ['o', 's'],
      ['i', '\r'],
      ['o', '\r\nfile\r\n'],
      prompt,
      // From the history: nothing of the line was typed.
      ['i', '\x1b[A'],
      ['o', 'cat /etc/hosts'],
      ['i', '\r'],
      ['o', '\r\n127.0.0.1\r\n'],
      prompt,
      // Pasted with its Enter, before any echo.
      ['i', 'uptime\r'],
      ['o', 'uptime\r\n 10:00 up\r\n'],
      prompt,
      ['i', 'rm -rf x'],
      ['o', 'rm -rf x'],
      ['i', '\x03'],
      ['o', '^C\r\n'],
      ['o', '[sudo] password: '],
      ['i', 'hunter2'],
      ['i', '\r'],
      ['o', '\r\n'],
      ['o', '\x1b[?1049hvi'],
      ['i', ':wq\r'],
      ['o', '\x1b[?1049l'],
      ['o', '$ '],
      ['i', `echo ${'long '.repeat(30)}`],
      ['o', `echo ${'long '.repeat(30)}`],
      ['i', '\r'],
      ['o', '\r\n$ '],
      // Keys that a mask holds back, and an Enter that is recorded behind what it began.
      ['i', ''],
      ['o', 'vim x'],
      ['i', ''],
      ['o', '\r\n\x1b[?1049h~'],
      ['i', 'vim x\r'],
    ]),
  ).toEqual(['ls', 'cat /etc/hosts', 'uptime', `echo ${'long '.repeat(30)}`.trim(), 'vim x']);
});

const hasScript = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;

test.skipIf(!hasScript)('what a real shell wrote is found, and jumps into it are exact (needs script)', async () => {
  const command =
    'ls -la --color=always /usr/bin | head -400; tput smcup; tput cup 5 5; echo one two; tput rmcup; seq 3000';
  const shell = spawnSync('script', ['-qfec', command, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm-256color' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  const track = new TerminalTrack(opening);
  for (let from = 0; from < shell.stdout.length; from += 97)
    track.add('o', 1_000 + from, shell.stdout.slice(from, from + 97));
  expect(track.search('one two').length).toBeGreaterThan(0);
  const index = new ScreenIndex(track, makeTerminal);
  await readAll(index);
  const terminal = makeTerminal(80, 24);
  const player = new ScreenPlayer(terminal, track, index);
  for (const moment of [track.length, Math.floor(track.length / 2), 5]) {
    await player.show(moment);
    expect(screenOf(terminal)).toBe(await straight(track, moment));
  }
});

test('a search finds words across pieces and colours, and says when', () => {
  const track = new TerminalTrack(opening);
  for (const [place, text] of ['ap', '\x1b[1mplic', 'ation\x1b[0m', '\r\nother', '\x1b[Hpass\x1b[5;5Hword'].entries())
    track.add('o', 2_000 + place * 1_000, text);
  expect(track.search(' APPLICATION ')).toEqual([{ event: 2, at: 3_000 }]);
  expect(track.search('o')).toHaveLength(3);
  expect(track.search('password')).toEqual([]);
  expect(track.search('')).toEqual([]);
  expect(track.countAt(3_000)).toBe(3);
  expect(track.activity(2)).toHaveLength(2);
});

test('pages go to their terminals, and a gap to all', () => {
  const tracks = new Map<string, TerminalTrack>();
  const page = { nextChunk: 1, chunks: 1, sealed: true, ids: ['t', 'u'] };
  const opened = [opening, { ...opening, id: 'u' }];
  addPage(tracks, {
    ...page,
    opened,
    kinds: 'oogo',
    at: [1_000, 900, 2_000, 500],
    of: [0, 1, -1, 0],
    texts: ['a', 'b', 'lost', 'c'],
  });
  const kinds = (id: string) => {
    const track = tracks.get(id);
    return Array.from({ length: track?.length ?? 0 }, (_, index) => track?.event(index)?.kind);
  };
  expect([kinds('t'), kinds('u')]).toEqual([
    ['o', 'g', 'o'],
    ['o', 'g'],
  ]);
  expect(tracks.get('t')?.event(2)?.at).toBe(1_000);
});

test('time goes on by speed, and a long pause is jumped over', () => {
  const around = { before: 1_000, next: 60_000 };
  expect(advance(1_000, 100, { speed: 4, skipIdle: false }, around)).toBe(1_400);
  expect(advance(1_000, 100, { speed: 4, skipIdle: true }, around)).toBe(1_400);
  expect(advance(2_450, 100, { speed: 1, skipIdle: true }, around)).toBe(60_000);
  expect(advance(2_450, 100, { speed: 1, skipIdle: true }, { before: 1_000, next: null })).toBe(2_550);
  expect([momentText(0), momentText(65_000), momentText(7_384_000)]).toEqual(['0:00', '1:05', '2:03:04']);
  expect([spokenMoment(0), spokenMoment(3_661_000)]).toEqual(['0 seconds', '1 hour 1 minute 1 second']);
});

test('hostile output neither forges a mark nor answers', async () => {
  const piece = fc.constantFrom(
    '\x1b]7701;k1\x07',
    '\x1b]7701;i0\x07',
    '\x1b[c',
    '\x1b[6n',
    '\x1b]10;?\x07',
    'a',
    '\x9d7701;k5\x9c',
    '\x1b[99999b',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const track = new TerminalTrack(opening);
      for (const text of pieces) track.add('o', 1_000, text);
      const answers: string[] = [];
      const index = new ScreenIndex(track, (columns, rows) => {
        const terminal = makeTerminal(columns, rows);
        terminal.onData((data) => answers.push(data));
        return terminal;
      });
      await readAll(index);
      expect(index.before(track.length).events).toBe(0);
      expect(index.commands).toEqual([]);
      expect(answers).toEqual([]);
    }),
    { numRuns: 50 },
  );
  expect(keyframeCharacters).toBeGreaterThan(0);
});
