/**
 * Command lines as they stood on the screen when Enter was pressed: an aid for finding one's way, and no proof of what ran. Reading keys
 * cannot do it (editing, history, completion happen in the shell); the screen shows the line as the person saw it.
 */

export interface RecoveredCommand {
  /** The event of the Enter. */
  readonly event: number;
  /** ms since the track began. */
  readonly at: number;
  readonly text: string;
}

/** The screen at one moment. `Mark` stays with a line while lines scroll away. */
export interface ScreenLook<Mark> {
  /** A full-screen program runs: there are no command lines. */
  readonly alternate: boolean;
  readonly column: number;
  /** Marks the cursor's line. */
  readonly mark: () => Mark | undefined;
  /** -1 when the line is gone. */
  readonly lineOf: (mark: Mark) => number;
  /** Of the normal screen, where command lines are. */
  readonly text: (line: number, column: number) => string;
  /** Whether the line goes on from the one before because it was too long. */
  readonly continues: (line: number) => boolean;
  readonly forget: (mark: Mark) => void;
}

const maxCommandLength = 1_000;
/** Screen lines of one command line. */
const maxCommandLines = 50;
/** Command lines of one track. */
const maxCommands = 5_000;

interface Prompt<Mark> {
  readonly mark: Mark;
  /** Where the prompt ends. */
  readonly column: number;
}

export class CommandReader<Mark> {
  readonly #commands: RecoveredCommand[] = [];
  /** Where the line that is being typed begins. */
  #prompt: Prompt<Mark> | null = null;
  /** A key press whose text a mask held back, and the line as it stood then: the Enter may have been it. */
  #held: RecoveredCommand | null = null;
  /** Enter was pressed before the line's echo came: what was pasted. */
  #unseen: { readonly prompt: Prompt<Mark>; readonly event: number; readonly at: number } | null = null;

  get commands(): readonly RecoveredCommand[] {
    return this.#commands;
  }

  /** Keys were pressed; the screen shows what was echoed before them. */
  typed(event: number, at: number, keys: string, look: ScreenLook<Mark>): void {
    this.settle(look);
    const enters = /[\r\n]/.test(keys);
    if (look.alternate) {
      // The Enter that began the program may stand in the record behind what it drew.
      if (enters) this.#entered(event, at, look);
      else this.#drop(look);
      return;
    }
    if (this.#prompt === null) {
      const mark = look.mark();
      if (mark !== undefined) this.#prompt = { mark, column: look.column };
    }
    if (this.#prompt === null) return;
    if (keys === '') this.#held = { event, at, text: lineFrom(this.#prompt, look) };
    else if (enters) this.#entered(event, at, look);
    // Ctrl-C, Ctrl-D: the line is given up.
    else if (/[\x03\x04]/.test(keys)) this.#drop(look);
    else this.#held = null;
  }

  /** Looks again for a line whose echo had not come yet. */
  settle(look: ScreenLook<Mark>): void {
    if (this.#unseen === null) return;
    const { prompt, event, at } = this.#unseen;
    this.#unseen = null;
    this.#add(event, at, lineFrom(prompt, look));
    look.forget(prompt.mark);
  }

  #entered(event: number, at: number, look: ScreenLook<Mark>): void {
    const prompt = this.#prompt;
    this.#prompt = null;
    const held = this.#held;
    this.#held = null;
    if (prompt === null) return;
    if (held !== null && held.text !== '') {
      this.#add(held.event, held.at, held.text);
      look.forget(prompt.mark);
      return;
    }
    const text = lineFrom(prompt, look);
    if (text === '') {
      this.#unseen = { prompt, event, at };
      return;
    }
    this.#add(event, at, text);
    look.forget(prompt.mark);
  }

  #add(event: number, at: number, text: string): void {
    if (text !== '' && this.#commands.length < maxCommands) this.#commands.push({ event, at, text });
  }

  #drop(look: ScreenLook<Mark>): void {
    if (this.#prompt !== null) look.forget(this.#prompt.mark);
    this.#prompt = null;
    this.#held = null;
  }
}

function lineFrom<Mark>({ mark, column }: Prompt<Mark>, look: ScreenLook<Mark>): string {
  const first = look.lineOf(mark);
  if (first < 0) return '';
  let text = look.text(first, column);
  for (let line = first + 1; line < first + maxCommandLines && look.continues(line); line += 1)
    text += look.text(line, 0);
  return text.trim().slice(0, maxCommandLength);
}
