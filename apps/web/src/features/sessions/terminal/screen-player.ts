/** Brings a visible terminal to any moment of a track: by what follows where it stands, else from the nearest kept screen. */
import type { Terminal } from '@xterm/xterm';
import type { Keyframe, ScreenIndex } from './screen-index.ts';
import type { TerminalTrack } from './track.ts';

/** Characters that are written at once; between two a newer wish is heard. */
const writeCharacters = 128 * 1024;
/** Events that are walked on from where the screen stands before a kept screen is asked for. */
const walkEvents = 2_000;

export class ScreenPlayer {
  readonly #terminal: Terminal;
  readonly #track: TerminalTrack;
  readonly #index: ScreenIndex;
  /** Events that the screen shows. */
  #shown = 0;
  #wanted = 0;
  #busy: Promise<void> | null = null;
  #disposed = false;

  constructor(terminal: Terminal, track: TerminalTrack, index: ScreenIndex) {
    this.#terminal = terminal;
    this.#track = track;
    this.#index = index;
  }

  /** Shows the screen after that many events. Resolves when the newest wish is on the screen. */
  show(events: number): Promise<void> {
    this.#wanted = events;
    this.#busy ??= this.#catchUp().finally(() => {
      this.#busy = null;
    });
    return this.#busy;
  }

  dispose(): void {
    this.#disposed = true;
  }

  async #catchUp(): Promise<void> {
    while (!this.#disposed && this.#shown !== this.#wanted) {
      const wanted = this.#wanted;
      const keyframe = this.#index.before(wanted);
      const isBehind = this.#shown < wanted && wanted - this.#shown <= walkEvents;
      if (!isBehind && (keyframe.events > this.#shown || this.#shown > wanted)) await this.#begin(keyframe);
      else await this.#walk(wanted);
    }
  }

  async #begin({ events, columns, rows, text }: Keyframe): Promise<void> {
    this.#resize(columns, rows);
    await this.#write(`\x1bc${text}`);
    this.#shown = events;
  }

  async #walk(wanted: number): Promise<void> {
    const parts: string[] = [];
    let characters = 0;
    let at = this.#shown;
    for (; at < wanted && characters < writeCharacters; at += 1) {
      const event = this.#track.event(at);
      if (event?.kind === 'o') {
        parts.push(event.text);
        characters += event.text.length;
      } else if (event?.kind === 'r') {
        if (parts.length > 0) break;
        const [columns = 0, rows = 0] = event.text.split('x').map(Number);
        this.#resize(columns, rows);
      }
    }
    if (parts.length > 0) await this.#write(parts.join(''));
    this.#shown = at;
  }

  #resize(columns: number, rows: number): void {
    if (columns < 1 || rows < 1 || (columns === this.#terminal.cols && rows === this.#terminal.rows)) return;
    this.#terminal.resize(columns, rows);
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(text, resolve));
  }
}
