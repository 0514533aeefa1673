/** A terminal out of an exported recording: as an asciicast, or to be played. */
import { decodeEvents, decodeText, type RecordingEvent, readChunk, readExport } from '@sluice/recording';
import { castEvent, castHeader, SafeOutput } from '@sluice/terminal';
import { CliError, exitCodes } from './exit-codes.ts';
import { printable } from './output.ts';

type Opened = Extract<RecordingEvent, { readonly type: 'terminal.opened' }>;

export interface RecordedTerminal {
  readonly opened: Opened;
  /** What happened on it and around it, in order. */
  readonly events: readonly RecordingEvent[];
}

export interface TerminalStep {
  /** ms since the terminal was opened. */
  readonly afterMs: number;
  readonly code: 'o' | 'i' | 'r' | 'm';
  /** Of output: safe to show. */
  readonly data: string;
}

/** The n-th terminal (from 1) of an exported session. Throws CliError. */
export function terminalOf(file: Buffer, number: number): RecordedTerminal {
  let events: readonly RecordingEvent[];
  try {
    events = readExport(file).chunks.flatMap((chunk) => decodeEvents(readChunk(chunk)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      exitCodes.damaged,
      `the recording is damaged: ${printable(why)}`,
      'sluice recordings verify names the damage.',
    );
  }
  const terminals = events.filter((event): event is Opened => event.type === 'terminal.opened');
  const opened = terminals[number - 1];
  if (opened === undefined) {
    const there =
      terminals.length === 0 ? 'this session opened no terminal' : `this session has ${terminals.length} terminals`;
    throw new CliError(exitCodes.notFound, there);
  }
  return { opened, events: events.slice(events.indexOf(opened) + 1) };
}

/** Output, sizes and, as markers, judged statements. What was typed too when `input` asks for it. */
export function stepsOf(
  { opened, events }: RecordedTerminal,
  { input }: { readonly input: boolean },
): readonly TerminalStep[] {
  const safe = new SafeOutput();
  let last = 0;
  return events.flatMap((event): readonly TerminalStep[] => {
    // The gateway's clock may have stepped back.
    last = Math.max(last, event.at - opened.at);
    const step = (code: TerminalStep['code'], data: string) => [{ afterMs: last, code, data }];
    if (event.type === 'statement.judged') return step('m', `${event.action}: ${printable(event.text)}`);
    if (!('terminalId' in event) || event.terminalId !== opened.terminalId) return [];
    switch (event.type) {
      case 'terminal.output': {
        const shown = safe.write(decodeText(event).toString('utf8'));
        return shown === '' ? [] : step('o', shown);
      }
      case 'terminal.input':
        return input ? step('i', decodeText(event).toString('utf8')) : [];
      case 'terminal.resized':
        safe.resized();
        return step('r', `${event.columns}x${event.rows}`);
      default:
        return [];
    }
  });
}

/** An asciicast v2 file. Output is made safe: whoever plays the file need not trust the target. */
export function asciicastOf(terminal: RecordedTerminal, options: { readonly input: boolean }): string {
  const { columns, rows, term, at } = terminal.opened;
  const header = castHeader({ columns, rows, startedAt: at, title: 'Sluice recording', term: printable(term) });
  return (
    header +
    stepsOf(terminal, options)
      .map(({ afterMs, code, data }) => castEvent(afterMs, code, data))
      .join('')
  );
}

export interface PlayOptions {
  readonly speed: number;
  /** A pause lasts this long at most, in ms of real time. */
  readonly longestPauseMs: number;
  /** Begins here, in ms since the terminal was opened; what lies before is drawn at once. */
  readonly fromMs: number;
}

/** Writes a terminal's output as it came. Resolves at its end. */
export async function play(
  terminal: RecordedTerminal,
  { speed, longestPauseMs, fromMs }: PlayOptions,
  write: (text: string) => void,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  let at = fromMs;
  for (const { afterMs, code, data } of stepsOf(terminal, { input: false })) {
    if (code !== 'o') continue;
    const pauseMs = Math.min(longestPauseMs, Math.max(0, afterMs - at) / speed);
    if (pauseMs > 0) await sleep(pauseMs);
    at = Math.max(at, afterMs);
    write(data);
  }
  write(afterPlay);
}

/** Brings the terminal back: the normal screen, its cursor, no colours, no scroll region. */
export const afterPlay = '\x1b[?1049l\x1b[!p\x1b[?25h\x1b[0m\r\n';
