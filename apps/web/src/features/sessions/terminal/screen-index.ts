/**
 * Reads a track once in a terminal that nobody sees, in slices, and keeps what makes its replay quick: screens to begin from, and the
 * command lines that stood on the screen when Enter was pressed.
 *
 * A mark in the stream (an OSC of our own) is met by the parser exactly where it stands, so the screen can be looked at there without
 * stopping. Nobody else's mark gets here: `SafeOutput` takes every OSC out.
 */
import { restoreModes, SafeOutput } from '@sluice/terminal';
import { SerializeAddon } from '@xterm/addon-serialize';
import type { IMarker, Terminal } from '@xterm/xterm';
import { CommandReader, type RecoveredCommand, type ScreenLook } from './recover-commands.ts';
import type { TerminalTrack } from './track.ts';

/** Lines above the screen that a replay keeps. */
export const scrollbackLines = 200;
/** Characters of output between two kept screens: as much is written in some milliseconds. */
export const keyframeCharacters = 64 * 1024;
/** Events between two kept screens. */
const keyframeEvents = 5_000;
/** Characters of one slice: the page lives between two. */
const sliceCharacters = 64 * 1024;
/** Kept screens of one track; with more, every second one goes. */
const maxKeyframes = 2_000;
const markCode = 7701;

export interface Keyframe {
  /** How many events lie before this screen. */
  readonly events: number;
  readonly columns: number;
  readonly rows: number;
  /** What draws the screen on a terminal that was reset. */
  readonly text: string;
}

export class ScreenIndex {
  readonly #track: TerminalTrack;
  readonly #terminal: Terminal;
  readonly #serializer = new SerializeAddon();
  /** Follows the modes; the track's text is safe already and passes unchanged. */
  readonly #modes = new SafeOutput();
  readonly #reader: CommandReader<IMarker>;
  #keyframes: Keyframe[] = [];
  #every = 1;
  #skipped = 0;
  #read = 0;
  #sinceKeyframe = 0;
  #lastKeyframe = 0;
  #disposed = false;

  constructor(track: TerminalTrack, makeTerminal: (columns: number, rows: number) => Terminal) {
    this.#track = track;
    const { columns, rows } = track.opening;
    this.#terminal = makeTerminal(columns, rows);
    this.#terminal.loadAddon(this.#serializer);
    this.#terminal.parser.registerOscHandler(markCode, (data) => {
      this.#meet(data);
      return true;
    });
    this.#reader = new CommandReader();
  }

  /** How many events were read. */
  get read(): number {
    return this.#read;
  }

  get commands(): readonly RecoveredCommand[] {
    return this.#reader.commands;
  }

  /** The newest kept screen at or before a number of events. */
  before(events: number): Keyframe {
    const { columns, rows } = this.#track.opening;
    let low = 0;
    let high = this.#keyframes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keyframes[middle]?.events ?? 0) <= events) low = middle + 1;
      else high = middle;
    }
    return this.#keyframes[low - 1] ?? { events: 0, columns, rows, text: '' };
  }

  /** Reads on for one slice. Returns false when there is nothing more to read for now. */
  async readSlice(): Promise<boolean> {
    if (this.#disposed || this.#read >= this.#track.length) return false;
    const parts: string[] = [];
    let characters = 0;
    for (let event = this.#track.event(this.#read); event !== undefined; event = this.#track.event(this.#read)) {
      if (event.kind === 'r') {
        if (parts.length > 0) break;
        this.#resize(event.text);
      } else if (event.kind === 'o') {
        parts.push(event.text);
        // A kept screen's mark is the last of its slice: the modes are those of its moment.
        this.#modes.write(event.text);
        characters += event.text.length;
        this.#sinceKeyframe += event.text.length;
      } else if (event.kind === 'i') parts.push(mark(`i${this.#read}`));
      this.#read += 1;
      if (this.#sinceKeyframe >= keyframeCharacters || this.#read - this.#lastKeyframe >= keyframeEvents) {
        parts.push(mark(`k${this.#read}`));
        this.#sinceKeyframe = 0;
        this.#lastKeyframe = this.#read;
        break;
      }
      if (characters >= sliceCharacters) break;
    }
    if (parts.length > 0) await this.#write(parts.join(''));
    if (this.#read >= this.#track.length) this.#reader.settle(this.#look());
    return true;
  }

  dispose(): void {
    this.#disposed = true;
    this.#terminal.dispose();
  }

  #resize(text: string): void {
    const [columns = 0, rows = 0] = text.split('x').map(Number);
    if (columns < 1 || rows < 1) return;
    this.#terminal.resize(columns, rows);
    this.#modes.resized();
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }

  #meet(data: string): void {
    const event = Number(data.slice(1));
    if (data.startsWith('i')) {
      this.#reader.typed(event, this.#track.event(event)?.at ?? 0, this.#track.event(event)?.text ?? '', this.#look());
      return;
    }
    this.#reader.settle(this.#look());
    this.#keep(event);
  }

  #keep(events: number): void {
    this.#skipped += 1;
    if (this.#skipped < this.#every) return;
    this.#skipped = 0;
    const { cols: columns, rows } = this.#terminal;
    this.#keyframes.push({ events, columns, rows, text: this.#screenText() });
    if (this.#keyframes.length < maxKeyframes) return;
    this.#keyframes = this.#keyframes.filter((_, index) => index % 2 === 1);
    this.#every *= 2;
  }

  #screenText(): string {
    const { buffer, cols } = this.#terminal;
    const { cursorX, cursorY } = buffer.active;
    const text = this.#serializer.serialize({ scrollback: scrollbackLines, excludeModes: true });
    const place = cursorX >= cols ? null : { column: cursorX, row: cursorY };
    return text + restoreModes(this.#modes.modes, place);
  }

  #look(): ScreenLook<IMarker> {
    const terminal = this.#terminal;
    const { active, normal } = terminal.buffer;
    return {
      alternate: active.type === 'alternate',
      column: active.cursorX,
      mark: () => terminal.registerMarker(0),
      lineOf: (marker) => marker.line,
      text: (line, column) => normal.getLine(line)?.translateToString(true, column) ?? '',
      continues: (line) => normal.getLine(line)?.isWrapped ?? false,
      forget: (marker) => marker.dispose(),
    };
  }
}

function mark(data: string): string {
  return `\x1b]${markCode};${data}\x07`;
}
