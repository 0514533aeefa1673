/**
 * What a target sent to a terminal, made safe to show in another one. An allow-list: only what draws and moves on the screen is kept,
 * with bounded parameters; what sets a clipboard, a title or a link, asks the terminal something, moves its window, draws images or
 * turns on mouse reports is taken out and counted. Control sequences by ECMA-48, their names as in xterm's ctlseqs.
 */
import { applyMode, freshScreenModes, type ScreenModes, setRegion } from './screen-modes.ts';

/** Characters of one control sequence before its last; longer ones are taken out. Real ones stay far below. */
export const maxSequenceLength = 256;
/** A parameter is cut to this: more columns or rows than any screen has, and each may cost a step. */
export const maxParameter = 1_000;
/** Characters that a string sequence (a title, an image) may swallow; what follows is shown again, so that nothing hides behind one. */
export const maxStringLength = 1024 * 1024;

/** What was taken out, by what it was for. */
export interface RemovedCounts {
  readonly clipboard: number;
  readonly titles: number;
  readonly links: number;
  /** Questions that a terminal would answer as if typed. */
  readonly queries: number;
  readonly windows: number;
  /** Device control strings, sixel images among them, and other strings. */
  readonly strings: number;
  /** Characters that turn the direction of text. */
  readonly directions: number;
}

type State = 'text' | 'escape' | 'charset' | 'hash' | 'control' | 'string' | 'string-end';

/** Everything that plain text has not: controls but BS HT LF VT FF CR, and characters that turn the direction of text. */
const special = /[\0-\x07\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const moves = '\b\t\n\v\f\r';
/** Final characters of control sequences without prefix that draw or move. */
const drawing = new Set('@ABCDEFGHIJKLMPSTXZ`abdefgmrsu');
/** DEC private modes that change what the screen shows. */
const screenModes = new Set([5, 6, 7, 12, 25, 45, 47, 1047, 1048, 1049]);
/** Insert mode, and line feeds that return. */
const ansiModes = new Set([4, 20]);
/** ESC and one character: save, restore, index, next line, tab stop, reverse index, reset. */
const drawingEscapes = new Set('78DEHMc');
const charsets = new Set('0AB');
const sequenceForm = /^([<=>?]?)([0-9:;]*)([ -/]*)$/;

/** One terminal's output. Give it the pieces in order; what it gives back holds whole sequences only. */
export class SafeOutput {
  #state: State = 'text';
  #sequence = '';
  #charsetSlot = '';
  /** What opened the string: `]` is an OSC. */
  #stringKind = '';
  #stringLength = 0;
  readonly #removed = { clipboard: 0, titles: 0, links: 0, queries: 0, windows: 0, strings: 0, directions: 0 };
  #modes: ScreenModes = freshScreenModes;
  #out: string[] = [];

  get removed(): RemovedCounts {
    return { ...this.#removed };
  }

  /** What the screen's text does not show of its state. */
  get modes(): ScreenModes {
    return this.#modes;
  }

  /** The terminal got another size: its scroll regions are gone. */
  resized(): void {
    this.#modes = { ...this.#modes, region: null, normalRegion: null };
  }

  write(text: string): string {
    for (let at = 0; at < text.length; ) at = this.#state === 'text' ? this.#plain(text, at) : this.#step(text, at);
    const out = this.#out.join('');
    this.#out = [];
    return out;
  }

  #plain(text: string, from: number): number {
    special.lastIndex = from;
    const at = special.exec(text)?.index ?? text.length;
    if (at > from) this.#out.push(text.slice(from, at));
    if (at < text.length) this.#control(text.charAt(at));
    return at + 1;
  }

  /** A control in plain text, or within a sequence, where it works as if it stood before it. */
  #control(character: string): void {
    const code = character.charCodeAt(0);
    if (code === 0x1b) this.#enter('escape');
    else if (code >= 0x80 && code <= 0x9f) this.#escape(String.fromCharCode(code - 0x40));
    else if (code === 0x0e || code === 0x0f) {
      this.#modes = { ...this.#modes, shifted: code === 0x0e };
      this.#out.push(character);
    } else if (code > 0x9f) this.#removed.directions += 1;
    else if (moves.includes(character)) this.#out.push(character);
  }

  #enter(state: State): void {
    this.#state = state;
    this.#sequence = '';
  }

  #step(text: string, at: number): number {
    const character = text.charAt(at);
    switch (this.#state) {
      case 'string':
      case 'string-end':
        return this.#string(text, at);
      case 'control':
        return this.#parameter(character, at);
      case 'escape':
        if (character < ' ') return this.#interrupt(character, at);
        this.#escape(character);
        return at + 1;
      case 'charset':
      case 'hash':
        if (character < ' ') return this.#interrupt(character, at);
        this.#finishTwoCharacters(character);
        return at + 1;
      case 'text':
        return at;
    }
  }

  /** CAN and SUB end a sequence, ESC begins another one, other controls work at once. */
  #interrupt(character: string, at: number): number {
    if (character === '\x18' || character === '\x1a') this.#enter('text');
    else this.#control(character);
    return at + 1;
  }

  #escape(character: string): void {
    this.#enter('text');
    if (character === '[') this.#enter('control');
    else if (']PX^_'.includes(character)) {
      this.#enter('string');
      this.#stringKind = character;
      this.#stringLength = 0;
    } else if ('()*+'.includes(character)) {
      this.#enter('charset');
      this.#charsetSlot = character;
    } else if (character === '#') this.#enter('hash');
    else if (character === 'Z') this.#removed.queries += 1;
    else if (drawingEscapes.has(character)) {
      if (character === 'c') this.#modes = freshScreenModes;
      this.#out.push(`\x1b${character}`);
    } else if (character >= ' ' && character <= '/') {
      // An escape with an intermediate that is not known: its last character goes with it.
      this.#enter('charset');
      this.#charsetSlot = '';
    }
  }

  #finishTwoCharacters(character: string): void {
    const isHash = this.#state === 'hash';
    const slot = this.#charsetSlot;
    this.#enter('text');
    if (isHash) {
      if (character === '8') this.#out.push('\x1b#8');
    } else if (slot !== '' && charsets.has(character)) {
      if (slot === '(') this.#modes = { ...this.#modes, g0: character };
      if (slot === ')') this.#modes = { ...this.#modes, g1: character };
      this.#out.push(`\x1b${slot}${character}`);
    }
  }

  #parameter(character: string, at: number): number {
    const code = character.charCodeAt(0);
    if (code < 0x20) return this.#interrupt(character, at);
    if (code <= 0x3f) {
      if (this.#sequence.length <= maxSequenceLength) this.#sequence += character;
      return at + 1;
    }
    if (code === 0x7f) return at + 1;
    const sequence = this.#sequence;
    this.#enter('text');
    // What is no final character ends the sequence and is text again.
    if (code > 0x7e) return at;
    if (sequence.length <= maxSequenceLength) this.#finishControl(sequence, character);
    return at + 1;
  }

  #finishControl(sequence: string, final: string): void {
    const [, prefix = '', parameters = '', intermediates = ''] = sequenceForm.exec(sequence) ?? [];
    if (sequence !== '' && prefix + parameters + intermediates !== sequence) return;
    const bounded = parameters.replace(/\d{4,}/g, (digits) => String(Math.min(maxParameter, Number(digits))));
    if (intermediates !== '') {
      if (prefix !== '') this.#removed.queries += 1;
      else if (intermediates === '!' && final === 'p') {
        this.#modes = { ...freshScreenModes, alternate: this.#modes.alternate, normalRegion: this.#modes.normalRegion };
        this.#out.push('\x1b[!p');
      } else if (intermediates === ' ' && final === 'q') this.#out.push(`\x1b[${bounded} q`);
      return;
    }
    if ((prefix === '' || prefix === '?') && (final === 'h' || final === 'l')) {
      this.#setModes(prefix, parameters, final);
    } else if (prefix === '' && drawing.has(final)) {
      if (final === 'r') this.#modes = setRegion(this.#modes, bounded);
      this.#out.push(`\x1b[${bounded}${final}`);
    } else if (prefix === '?' && (final === 'J' || final === 'K')) this.#out.push(`\x1b[?${bounded}${final}`);
    else if (final === 't') this.#removed.windows += 1;
    else if ('cnxqu'.includes(final)) this.#removed.queries += 1;
  }

  #setModes(prefix: string, parameters: string, final: string): void {
    const known = prefix === '?' ? screenModes : ansiModes;
    const kept = parameters
      .split(';')
      .map(Number)
      .filter((mode) => known.has(mode));
    if (kept.length === 0) return;
    for (const mode of kept) this.#modes = applyMode(this.#modes, prefix, mode, final === 'h');
    this.#out.push(`\x1b[${prefix}${kept.join(';')}${final}`);
  }

  #string(text: string, from: number): number {
    for (let at = from; at < text.length; at += 1) {
      const character = text.charAt(at);
      if (this.#state === 'string-end') {
        // ESC ends the string; with \ it is its terminator, else a new sequence begins.
        this.#finishString();
        if (character === '\\') return at + 1;
        this.#enter('escape');
        return at;
      }
      if (character === '\x1b') {
        this.#state = 'string-end';
        continue;
      }
      const ends = character === '\x9c' || character === '\x18' || character === '\x1a';
      if (ends || (character === '\x07' && this.#stringKind === ']')) {
        this.#finishString();
        return at + 1;
      }
      this.#stringLength += 1;
      if (this.#stringLength >= maxStringLength) {
        this.#finishString();
        return at + 1;
      }
      // Only an OSC's number is of interest.
      if (this.#sequence.length < 4) this.#sequence += character;
    }
    return text.length;
  }

  #finishString(): void {
    const number = this.#stringKind === ']' ? (/^(\d+)(;|$)/.exec(this.#sequence)?.[1] ?? '') : '';
    if (number === '52') this.#removed.clipboard += 1;
    else if (number === '8') this.#removed.links += 1;
    else if (['0', '1', '2'].includes(number)) this.#removed.titles += 1;
    else this.#removed.strings += 1;
    this.#enter('text');
  }
}
