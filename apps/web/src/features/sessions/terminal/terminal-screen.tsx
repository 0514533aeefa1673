'use client';

import '@xterm/xterm/css/xterm.css';
import { Terminal } from '@xterm/xterm';
import { type RefObject, useEffect, useImperativeHandle, useRef, useState } from 'react';
import { scrollbackLines } from './screen-index.ts';
import { ScreenPlayer } from './screen-player.ts';
import { screenContrast, screenFont, useScreenTheme } from './screen-theme.ts';
import type { IndexedTrack } from './use-terminal-tracks.ts';

/** Font sizes between which a screen is fitted into the page, in px. Below, it scrolls sideways. */
const smallestFont = 6;
const largestFont = 15;
/** px on both sides of the screen, and the scroll bar that xterm keeps room for. */
const sideRoom = 34;

export interface ScreenHandle {
  /** Shows the screen after that many events. */
  readonly show: (events: number) => Promise<void>;
  /** Marks the last place on the screen where a text stands. */
  readonly mark: (text: string) => void;
  readonly text: () => string;
}

/** A terminal that only shows: nothing that is typed, and no answer of its own, goes anywhere. */
export function TerminalScreen({
  shown,
  handle,
}: {
  readonly shown: IndexedTrack;
  readonly handle: RefObject<ScreenHandle | null>;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [terminal, setTerminal] = useState<Terminal | null>(null);
  const player = useRef<ScreenPlayer | null>(null);
  const theme = useScreenTheme();
  const firstTheme = useRef(theme);

  useEffect(() => {
    if (box.current === null) return;
    const { columns, rows } = shown.track.opening;
    const made = new Terminal({
      cols: columns,
      rows,
      scrollback: scrollbackLines,
      disableStdin: true,
      cursorBlink: false,
      cursorInactiveStyle: 'outline',
      fontFamily: screenFont,
      minimumContrastRatio: screenContrast,
      theme: firstTheme.current,
      linkHandler: null,
      screenReaderMode: false,
    });
    made.attachCustomKeyEventHandler(() => false);
    made.open(box.current);
    const shows = new ScreenPlayer(made, shown.track, shown.index);
    player.current = shows;
    const stopFitting = fitFont(made, box.current);
    setTerminal(made);
    return () => {
      shows.dispose();
      stopFitting();
      made.dispose();
    };
  }, [shown.track, shown.index]);
  useEffect(() => {
    if (terminal !== null) terminal.options.theme = theme;
  }, [terminal, theme]);
  useImperativeHandle(
    handle,
    () => ({
      show: (events) => player.current?.show(events) ?? Promise.resolve(),
      mark: (text) => {
        if (terminal !== null) markText(terminal, text);
      },
      text: () => (terminal === null ? '' : screenText(terminal)),
    }),
    [terminal],
  );
  return (
    <section
      aria-label="Screen"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a screen wider than the page scrolls sideways, with keys too.
      tabIndex={0}
      data-inset-focus=""
      className="min-h-0 overflow-auto bg-[light-dark(#fff,#0b0c0e)] p-3"
    >
      <div ref={box} data-terminal-screen="" />
    </section>
  );
}

function fitFont(terminal: Terminal, box: HTMLElement): () => void {
  const around = box.parentElement ?? box;
  const canvas = document.createElement('canvas').getContext('2d');
  const fit = () => {
    if (canvas === null || around.clientWidth === 0) return;
    canvas.font = `100px ${screenFont}`;
    const perPixel = canvas.measureText('W').width / 100;
    const exact = (around.clientWidth - sideRoom) / (terminal.cols * perPixel);
    const size = Math.max(smallestFont, Math.min(largestFont, Math.floor(exact * 2) / 2));
    if (terminal.options.fontSize !== size) terminal.options.fontSize = size;
  };
  fit();
  const observer = new ResizeObserver(fit);
  observer.observe(around);
  const listener = terminal.onResize(fit);
  return () => {
    observer.disconnect();
    listener.dispose();
  };
}

function linesOf(terminal: Terminal): readonly string[] {
  const { active } = terminal.buffer;
  return Array.from(
    { length: terminal.rows },
    (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '',
  );
}

function screenText(terminal: Terminal): string {
  return terminal.hasSelection() ? terminal.getSelection() : linesOf(terminal).join('\n').trimEnd();
}

function markText(terminal: Terminal, text: string): void {
  terminal.clearSelection();
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return;
  const lines = linesOf(terminal);
  for (let row = lines.length - 1; row >= 0; row -= 1) {
    const column = lines[row]?.toLowerCase().lastIndexOf(wanted) ?? -1;
    if (column < 0) continue;
    terminal.select(column, terminal.buffer.active.baseY + row, wanted.length);
    return;
  }
}
