'use client';

import '@xterm/xterm/css/xterm.css';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef, useState } from 'react';
import { screenContrast, screenFont, useScreenTheme } from '../../sessions/terminal/screen-theme.ts';
import { TerminalLink, type TerminalState } from './terminal-link.ts';

const scrollbackLines = 5_000;
const fontSize = 13;
/** px on both sides of the screen, and the scroll bar that xterm keeps room for. */
const sideRoom = 38;
const edgeRoom = 24;
/** No program draws into less, and the server takes no more. */
const smallest = { columns: 20, rows: 5 };
const largest = 500;

/** A terminal that is typed into. One mount is one session: another `key` opens another. */
export function TerminalPane({
  connectionId,
  name,
  over,
  onState,
  onLeave,
}: {
  readonly connectionId: string;
  readonly name: string;
  /** Ended on this side: the screen stays as it was. */
  readonly over: boolean;
  readonly onState: (state: TerminalState) => void;
  /** Shift and Escape: the way out for the keyboard, as every other key belongs to the terminal. */
  readonly onLeave: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useScreenTheme();
  const firstTheme = useRef(theme);
  const [terminal, setTerminal] = useState<Terminal | null>(null);
  const link = useRef<TerminalLink | null>(null);
  const told = useRef({ onState, onLeave });
  told.current = { onState, onLeave };

  useEffect(() => {
    const { current } = box;
    if (current === null) return;
    const made = new Terminal({
      cols: 80,
      rows: 24,
      scrollback: scrollbackLines,
      cursorBlink: false,
      fontSize,
      fontFamily: screenFont,
      minimumContrastRatio: screenContrast,
      theme: firstTheme.current,
      linkHandler: null,
    });
    made.attachCustomKeyEventHandler((event) => isForTerminal(event, made, () => told.current.onLeave()));
    made.open(current);
    made.textarea?.setAttribute('aria-label', `Terminal of ${name}. Shift and Escape leave it.`);
    const stopFitting = fitToBox(made, current);
    const joined = new TerminalLink(made, connectionId, (state) => {
      made.options.disableStdin = state.is !== 'open';
      if (state.is === 'open') made.focus();
      told.current.onState(state);
    });
    link.current = joined;
    setTerminal(made);
    return () => {
      joined.close();
      stopFitting();
      made.dispose();
    };
  }, [connectionId, name]);
  useEffect(() => {
    if (!over) return;
    link.current?.close();
    if (terminal !== null) terminal.options.disableStdin = true;
  }, [over, terminal]);
  useEffect(() => {
    if (terminal !== null) terminal.options.theme = theme;
  }, [terminal, theme]);
  return (
    <section
      aria-label="Screen"
      className="relative min-h-0 flex-1 overflow-hidden bg-[light-dark(#fff,#0b0c0e)] p-3"
      data-terminal-pane=""
    >
      <div ref={box} className="h-full" />
    </section>
  );
}

/** Copying what is selected and pasting stay the browser's. */
function isForTerminal(event: KeyboardEvent, terminal: Terminal, onLeave: () => void): boolean {
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && key === 'v' && (event.shiftKey || event.metaKey)) return false;
  if (command && key === 'c' && terminal.hasSelection()) return false;
  if (event.key !== 'Escape' || !event.shiftKey) return true;
  if (event.type === 'keydown') onLeave();
  return false;
}

/** Keeps columns and rows what there is room for. */
function fitToBox(terminal: Terminal, box: HTMLElement): () => void {
  const around = box.parentElement ?? box;
  const canvas = document.createElement('canvas').getContext('2d');
  const fit = () => {
    const row = box.querySelector<HTMLElement>('.xterm-rows > div');
    if (canvas === null || row === null || around.clientWidth === 0) return;
    canvas.font = `${fontSize}px ${screenFont}`;
    const columns = Math.floor((around.clientWidth - sideRoom) / canvas.measureText('W').width);
    const rows = Math.floor((around.clientHeight - edgeRoom) / row.getBoundingClientRect().height);
    if (!Number.isFinite(columns) || !Number.isFinite(rows)) return;
    terminal.resize(
      Math.min(largest, Math.max(smallest.columns, columns)),
      Math.min(largest, Math.max(smallest.rows, rows)),
    );
  };
  fit();
  const observer = new ResizeObserver(fit);
  observer.observe(around);
  return () => observer.disconnect();
}
