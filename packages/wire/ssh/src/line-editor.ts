/** One line as somebody types it, edited here instead of at the host. Pure: bytes in, what to show and what was finished out. */

/** Longer lines cannot be typed: a terminal's own canonical mode holds 4,096 bytes. */
export const maxLineBytes = 4_000;
/** An escape sequence that is longer is none. */
const maxSequenceBytes = 32;

const bell = '\x07';
const key = { interrupt: 0x03, endOfFile: 0x04, enter: 0x0d, newline: 0x0a, escape: 0x1b, kill: 0x15, word: 0x17 };
const erasers: ReadonlySet<number> = new Set([0x08, 0x7f]);
const firstPrintable = 0x20;
const space = 0x20;
/** Bytes that go on with a character of several. */
const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

export type EditorEvent =
  /** To be shown at once. */
  | { readonly type: 'show'; readonly text: string | Buffer }
  /** A whole line; `erase` takes what was shown of it away again. */
  | { readonly type: 'line'; readonly bytes: Buffer; readonly erase: string }
  | { readonly type: 'interrupt'; readonly erase: string }
  | { readonly type: 'end-of-file' };

export class LineEditor {
  #line: number[] = [];
  #sequence: number[] | null = null;

  /** What one byte brings. Escape sequences (arrows, marks of a paste) are taken away: only what is shown is what is judged. */
  *take(byte: number): Generator<EditorEvent> {
    if (this.#sequence !== null) {
      this.#inSequence(byte);
      return;
    }
    switch (byte) {
      case key.escape:
        this.#sequence = [];
        return;
      case key.interrupt:
        yield { type: 'interrupt', erase: this.#erase(this.#line.splice(0)) };
        return;
      case key.endOfFile:
        if (this.#line.length === 0) yield { type: 'end-of-file' };
        return;
      case key.enter:
      case key.newline: {
        const line = this.#line.splice(0);
        yield { type: 'line', bytes: Buffer.from(line), erase: this.#erase(line) };
        return;
      }
      case key.kill:
        yield { type: 'show', text: this.#erase(this.#line.splice(0)) };
        return;
      case key.word:
        yield { type: 'show', text: this.#erase(this.#lastWord()) };
        return;
      default:
        yield { type: 'show', text: erasers.has(byte) ? this.#erase(this.#lastCharacter()) : this.#add(byte) };
    }
  }

  /** Shown again after something else was written over it. */
  get shown(): Buffer {
    return Buffer.from(this.#line);
  }

  #add(byte: number): string | Buffer {
    if (byte < firstPrintable || this.#line.length >= maxLineBytes) return bell;
    this.#line.push(byte);
    return Buffer.of(byte);
  }

  #inSequence(byte: number): void {
    const sequence = this.#sequence ?? [];
    sequence.push(byte);
    const [first] = sequence;
    // CSI and SS3 go on to a final byte; every other sequence has one byte (ECMA-48, 5.4).
    const long = first === 0x5b || first === 0x4f;
    const final = sequence.length > 1 && byte >= 0x40 && byte <= 0x7e;
    this.#sequence = long && !final && sequence.length < maxSequenceBytes ? sequence : null;
  }

  #lastCharacter(): number[] {
    let from = this.#line.length - 1;
    while (from > 0 && isContinuation(this.#line[from] ?? 0)) from--;
    return this.#line.splice(Math.max(from, 0));
  }

  #lastWord(): number[] {
    let from = this.#line.length;
    while (from > 0 && this.#line[from - 1] === space) from--;
    while (from > 0 && this.#line[from - 1] !== space) from--;
    return this.#line.splice(from);
  }

  #erase(bytes: readonly number[]): string {
    const characters = bytes.filter((byte) => !isContinuation(byte)).length;
    return '\b \b'.repeat(characters);
  }
}
