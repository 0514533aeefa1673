/**
 * Finds what could make a statement look like something else to the person who decides on it: characters that cannot be seen, that
 * turn the reading direction, that look like ASCII but are not, and long padding that pushes text out of sight.
 * Pure: text in, pieces out. Joining every piece's `text` gives back the input.
 */

export type SuspicionKind = 'invisible' | 'bidi' | 'control' | 'space' | 'look-alike' | 'combining';

export type TextPiece =
  | { readonly type: 'plain'; readonly text: string; readonly start: number }
  | {
      readonly type: 'mark';
      readonly kind: SuspicionKind;
      readonly text: string;
      readonly start: number;
      /** What to draw in its place: a short name, or for look-alikes the character itself. */
      readonly label: string;
      /** A sentence for the tooltip: `U+200B zero width space`. */
      readonly explanation: string;
    }
  | {
      readonly type: 'padding';
      readonly text: string;
      readonly start: number;
      /** `312 spaces`, `48 empty lines`. */
      readonly label: string;
    };

export interface SuspiciousText {
  readonly pieces: readonly TextPiece[];
  /** One sentence for each kind that was found, the most dangerous first; empty when the text is what it seems. */
  readonly findings: readonly string[];
}

/** Spaces or tabs in a row that no layout needs. */
const longestPlainRun = 40;
/** Line breaks in a row (so empty lines + 1) that no layout needs. */
const longestPlainBreaks = 4;
/** Combining marks on one base; no living script stacks more. */
const mostCombiningMarks = 3;

/** Invisible characters by name; others of their classes are shown by code point. */
const characterNames: Readonly<Record<number, readonly [label: string, name: string]>> = {
  0: ['NUL', 'null'],
  8: ['BS', 'backspace'],
  11: ['VT', 'vertical tab'],
  12: ['FF', 'form feed'],
  13: ['CR', 'carriage return without line feed'],
  27: ['ESC', 'escape'],
  127: ['DEL', 'delete'],
  133: ['NEL', 'next line'],
  160: ['NBSP', 'no-break space'],
  173: ['SHY', 'soft hyphen'],
  847: ['CGJ', 'combining grapheme joiner'],
  1564: ['ALM', 'Arabic letter mark'],
  4447: ['HCF', 'Hangul choseong filler'],
  4448: ['HJF', 'Hangul jungseong filler'],
  6158: ['MVS', 'Mongolian vowel separator'],
  8203: ['ZWSP', 'zero width space'],
  8204: ['ZWNJ', 'zero width non-joiner'],
  8205: ['ZWJ', 'zero width joiner'],
  8206: ['LRM', 'left-to-right mark'],
  8207: ['RLM', 'right-to-left mark'],
  8232: ['LS', 'line separator'],
  8233: ['PS', 'paragraph separator'],
  8234: ['LRE', 'left-to-right embedding'],
  8235: ['RLE', 'right-to-left embedding'],
  8236: ['PDF', 'pop directional formatting'],
  8237: ['LRO', 'left-to-right override'],
  8238: ['RLO', 'right-to-left override'],
  8288: ['WJ', 'word joiner'],
  8294: ['LRI', 'left-to-right isolate'],
  8295: ['RLI', 'right-to-left isolate'],
  8296: ['FSI', 'first strong isolate'],
  8297: ['PDI', 'pop directional isolate'],
  10240: ['BLANK', 'Braille pattern blank'],
  12288: ['IDSP', 'ideographic space'],
  12644: ['HF', 'Hangul filler'],
  65279: ['BOM', 'zero width no-break space'],
  65440: ['HHF', 'halfwidth Hangul filler'],
};

/** Letters of other scripts that are drawn like an ASCII letter (the single-character part of Unicode's UTS 39 confusables that fonts really draw alike). */
const lookAlikeLetters = pairUp(
  'аеіјорсухѕһԁԛԝӏАВЕЅІЈКМНОРСТХУҮҺ' + 'αινορτυϲϳΑΒΕΖΗΙΚΜΝΟΡΤΥΧ' + 'օսհոԱՕՍ' + 'ɡɑıǀ' + 'ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ',
  'aeijopcyxshdqwlABESIJKMHOPCTXYYh' + 'aivoptucjABEZHIKMNOPTYX' + 'ouhnUOU' + 'gail' + 'BPDTGKJCZFNLSRVHWXYAEIOU',
);

/** Signs that are drawn like one with a meaning in a statement: quotes, semicolons, dashes that begin comments, slashes. */
const lookAlikeSigns = pairUp(
  '‘’‚‛ʼʹ′＇“”„″＂;；‐‑‒–—−﹣－⁄∕／∗＊＝﹦（），．٪％＼⧵˂˃＜＞｜∣',
  "''''''''\"\"\"\"\";;--------///**==(),.%%\\\\<><>||",
);

/** Marks and folds a text. O(length). */
export function inspectText(text: string): SuspiciousText {
  const counts = new Map<SuspicionKind | 'padding', number>();
  const pieces: TextPiece[] = [];
  let plainFrom = 0;
  const put = (piece: Exclude<TextPiece, { type: 'plain' }>) => {
    if (piece.start > plainFrom)
      pieces.push({ type: 'plain', text: text.slice(plainFrom, piece.start), start: plainFrom });
    pieces.push(piece);
    plainFrom = piece.start + piece.text.length;
    const kind = piece.type === 'padding' ? 'padding' : piece.kind;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  };
  for (const piece of suspiciousPieces(text)) put(piece);
  if (plainFrom < text.length) pieces.push({ type: 'plain', text: text.slice(plainFrom), start: plainFrom });
  return { pieces, findings: describeFindings(counts) };
}

/**
 * The text for where nothing can be drawn (a terminal, a message): what cannot be seen or drives a terminal stands by its name, a
 * look-alike carries its code point, padding is told by its length. Line breaks stay,
 * without the carriage return that some are written with.
 */
export function evidenceText(text: string): string {
  return inspectText(text)
    .pieces.map((piece) => {
      if (piece.type === 'plain') return piece.text.replaceAll('\r\n', '\n');
      if (piece.type === 'padding') return piece.text.includes('\n') ? `\n⟨${piece.label}⟩\n` : ` ⟨${piece.label}⟩ `;
      const isDrawn = piece.kind === 'look-alike';
      return isDrawn ? `${piece.text}⟨${codeName(piece.text.codePointAt(0) ?? 0)}⟩` : `⟨${piece.label}⟩`;
    })
    .join('');
}

/** Characters that an original may have beside what will run before anybody is told. */
const usualExcess = 500;

/**
 * What a long comment or padding adds to the text that was sent, as a finding; null where it is about as long as what will run. Told by
 * length alone: who would look for comments could be shown something that only looks like one.
 */
export function excessFinding(original: string, canonical: string): string | null {
  const excess = original.length - canonical.length;
  return excess > usualExcess && original.length > 2 * canonical.length
    ? `${excess.toLocaleString('en')} characters more than what will run: comments or padding`
    : null;
}

function* suspiciousPieces(text: string): Generator<Exclude<TextPiece, { type: 'plain' }>> {
  const foreignWords = lookAlikeWordSpans(text);
  let word = foreignWords.next();
  let index = 0;
  while (index < text.length) {
    while (!word.done && word.value.end <= index) word = foreignWords.next();
    const padding = paddingAt(text, index);
    if (padding !== null) {
      yield { type: 'padding', start: index, ...padding };
      index += padding.text.length;
      continue;
    }
    const character = characterAt(text, index);
    const inForeignWord = !word.done && index >= word.value.start && index < word.value.end;
    const mark = markOf(text, index, character, inForeignWord);
    if (mark !== null) yield { type: 'mark', start: index, ...mark };
    index += mark?.text.length ?? character.length;
  }
}

interface Mark {
  readonly kind: SuspicionKind;
  readonly text: string;
  readonly label: string;
  readonly explanation: string;
}

function markOf(text: string, index: number, character: string, inForeignWord: boolean): Mark | null {
  if (isPlainAscii(character, text, index)) return null;
  const codePoint = character.codePointAt(0) ?? 0;
  const kind = hiddenKind(character, codePoint);
  if (kind !== null) {
    const [label, name] = characterNames[codePoint] ?? [codeName(codePoint), kindNames[kind]];
    return { kind, text: character, label, explanation: `${codeName(codePoint)} ${name}` };
  }
  const stack = combiningStackAt(text, index);
  if (stack !== null)
    return {
      kind: 'combining',
      text: stack,
      label: stack,
      explanation: `${[...stack].length} combining marks on one character`,
    };
  const asciiSign = lookAlikeSigns.get(character) ?? null;
  const ascii = asciiSign ?? (inForeignWord ? asciiLetterLike(character) : null);
  if (ascii === null) return null;
  return {
    kind: 'look-alike',
    text: character,
    label: character,
    explanation: `${codeName(codePoint)} looks like ${ascii} (U+${hex(ascii.codePointAt(0) ?? 0)}) but is not`,
  };
}

const kindNames: Record<SuspicionKind, string> = {
  invisible: 'invisible character',
  bidi: 'text direction character',
  control: 'control character',
  space: 'unusual space',
  'look-alike': 'look-alike',
  combining: 'combining marks',
};

function hiddenKind(character: string, codePoint: number): SuspicionKind | null {
  if (/\p{Bidi_Control}/u.test(character)) return 'bidi';
  if (/[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800\u{E0000}-\u{E0FFF}]/u.test(character)) return 'invisible';
  if (/[\p{Cc}\u2028\u2029]/u.test(character)) return 'control';
  // A lone half of a pair, a private-use or an unassigned code point: nobody can tell what a font would draw.
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return 'invisible';
  if (/[\p{Co}\p{Cn}]/u.test(character)) return 'invisible';
  if (/\p{Zs}/u.test(character)) return 'space';
  return null;
}

function isPlainAscii(character: string, text: string, index: number): boolean {
  const code = character.charCodeAt(0);
  if (code >= 0x20 && code < 0x7f) return true;
  if (character === '\n' || character === '\t') return true;
  return character === '\r' && text[index + 1] === '\n';
}

function paddingAt(text: string, index: number): { readonly text: string; readonly label: string } | null {
  const first = text[index];
  if (first === ' ' || first === '\t') {
    const end = runEnd(text, index, (character) => character === ' ' || character === '\t');
    return end - index > longestPlainRun
      ? { text: text.slice(index, end), label: `${(end - index).toLocaleString('en')} spaces` }
      : null;
  }
  if (first !== '\n' && first !== '\r') return null;
  // Lines that hold nothing but spaces are empty too.
  const end = runEnd(text, index, (character) => /[\n\r \t]/.test(character));
  const breaks = text.slice(index, end).split('\n').length - 1;
  if (breaks <= longestPlainBreaks) return null;
  const lastBreak = text.lastIndexOf('\n', end - 1) + 1;
  return { text: text.slice(index, lastBreak), label: `${(breaks - 1).toLocaleString('en')} empty lines` };
}

function runEnd(text: string, from: number, belongs: (character: string) => boolean): number {
  let end = from;
  while (end < text.length && belongs(text[end] ?? '')) end += 1;
  return end;
}

function combiningStackAt(text: string, index: number): string | null {
  if (!/\p{M}/u.test(characterAt(text, index))) return null;
  const stack = /^\p{M}+/u.exec(text.slice(index, index + 256))?.[0] ?? '';
  return [...stack].length > mostCombiningMarks ? stack : null;
}

/**
 * Words whose letters pretend to be ASCII: either mixed with ASCII letters, or made of nothing but look-alikes. A real Russian or Greek
 * word has letters of its own and is left alone.
 */
function* lookAlikeWordSpans(text: string): Generator<{ readonly start: number; readonly end: number }> {
  for (const match of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    const letters = [...match[0]];
    const foreign = letters.filter((letter) => letter.charCodeAt(0) > 0x7f);
    if (foreign.length === 0 || !foreign.some((letter) => asciiLetterLike(letter) !== null)) continue;
    const hasAscii = letters.some((letter) => /[A-Za-z]/.test(letter));
    if (hasAscii || foreign.every((letter) => asciiLetterLike(letter) !== null)) {
      yield { start: match.index, end: match.index + match[0].length };
    }
  }
}

/** The ASCII letter or digit that a character is drawn like: other scripts, and compatibility forms (fullwidth, mathematical). */
function asciiLetterLike(character: string): string | null {
  const known = lookAlikeLetters.get(character);
  if (known !== undefined) return known;
  if (character.charCodeAt(0) <= 0x7f) return null;
  const folded = character.normalize('NFKC');
  return /^[A-Za-z0-9]$/.test(folded) ? folded : null;
}

function describeFindings(counts: ReadonlyMap<SuspicionKind | 'padding', number>): string[] {
  const sentences: readonly (readonly [SuspicionKind | 'padding', string, string])[] = [
    ['bidi', 'character that turns the reading direction', 'characters that turn the reading direction'],
    ['invisible', 'invisible character', 'invisible characters'],
    ['control', 'control character', 'control characters'],
    ['look-alike', 'character that looks like another', 'characters that look like others'],
    ['combining', 'pile of combining marks', 'piles of combining marks'],
    ['space', 'unusual space', 'unusual spaces'],
    ['padding', 'stretch of padding folded', 'stretches of padding folded'],
  ];
  return sentences.flatMap(([kind, one, many]) => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [`${count.toLocaleString('en')} ${count === 1 ? one : many}`];
  });
}

function characterAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0);
}

function codeName(codePoint: number): string {
  return `U+${hex(codePoint)}`;
}

function hex(codePoint: number): string {
  return codePoint.toString(16).toUpperCase().padStart(4, '0');
}

function pairUp(foreign: string, ascii: string): ReadonlyMap<string, string> {
  const targets = [...ascii];
  return new Map([...foreign].map((character, index) => [character, targets[index] ?? '?'] as const));
}
