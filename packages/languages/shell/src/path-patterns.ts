/** File name patterns compared with one another: whether any name matches both. */

/** `*` any characters, `?` and a class one character; a backslash takes the meaning away. */
type Token = { readonly star: true } | { readonly star: false; readonly character: string | null };

function tokens(pattern: string): readonly Token[] {
  const found: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    if (character === '*') {
      if (found.at(-1)?.star !== true) found.push({ star: true });
    } else if (character === '?') found.push({ star: false, character: null });
    else if (character === '[') {
      const close = pattern.indexOf(']', at + 2);
      if (close < 0) found.push({ star: false, character });
      else {
        found.push({ star: false, character: null });
        at = close;
      }
    } else if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      found.push({ star: false, character: pattern[at] ?? '' });
    } else found.push({ star: false, character });
  }
  return found;
}

/** Whether two lists can be matched by the same items, when a star stands for any number of them. */
function meet<Item>(
  left: readonly Item[],
  right: readonly Item[],
  isStar: (item: Item) => boolean,
  fits: (one: Item, other: Item) => boolean,
): boolean {
  // reached[j]: left up to here and right up to j can be matched together.
  let reached = new Array<boolean>(right.length + 1).fill(false);
  reached[0] = true;
  for (let j = 1; j <= right.length; j += 1) reached[j] = reached[j - 1] === true && isStar(right[j - 1] as Item);
  for (const item of left) {
    const next = new Array<boolean>(right.length + 1).fill(false);
    next[0] = reached[0] === true && isStar(item);
    for (let j = 1; j <= right.length; j += 1) {
      const other = right[j - 1] as Item;
      if (isStar(item) || isStar(other))
        next[j] = reached[j] === true || next[j - 1] === true || reached[j - 1] === true;
      else next[j] = reached[j - 1] === true && fits(item, other);
    }
    reached = next;
  }
  return reached[right.length] === true;
}

export function namesMeet(left: string, right: string): boolean {
  return meet<Token>(
    tokens(left),
    tokens(right),
    (token) => token.star,
    (one, other) =>
      one.star || other.star || one.character === null || other.character === null || one.character === other.character,
  );
}

/** Whole paths, part by part; `**` stands for any number of parts. The left one is a shell's: its `*` stands for no name with a dot in front. */
export function pathsMeet(left: string, right: string): boolean {
  return meet(
    left.split('/').map((part) => ({ part, shell: true })),
    right.split('/').map((part) => ({ part, shell: false })),
    ({ part }) => part === '**',
    (one, other) => {
      const [own, line] = one.shell ? [one.part, other.part] : [other.part, one.part];
      return !(/^[*?[]/.test(own) && line.startsWith('.')) && namesMeet(own, line);
    },
  );
}

export function hasPattern(text: string): boolean {
  return /(?<!\\)(?:\\\\)*[*?[]/.test(text);
}

/** The pattern as it is shown: without backslashes. */
export function shownPattern(pattern: string): string {
  return pattern.replace(/\\([\\*?[\]])/g, '$1');
}
