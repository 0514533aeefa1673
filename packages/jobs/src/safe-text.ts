/** Texts of other people in messages: nothing in them may look like something else, call somebody, or break a line of a protocol. */

/** Longest statement that a message shows; the page shows all of it. Characters. */
export const maxShownCharacters = 1_500;

/**
 * What a reader could not see or would misread: control characters but line feed and tab, everything that turns the direction of text,
 * invisible characters, fillers, variation selectors and tags (Unicode TR 36, TR 39), and halves of surrogate pairs.
 */
const misleading =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\p{Variation_Selector}|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0/gu;

/** Every misleading character as `‹U+202E›`, with line ends as line feeds, and long runs of empty lines folded. */
export function safeText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(misleading, (character) => `‹U+${hex(character)}›`)
    .replace(/\n[\n\t ]*\n[\n\t ]*\n/g, '\n\n');
}

/** The same on one line, for subjects and headers. */
export function safeLine(text: string, maxCharacters = 200): string {
  const line = safeText(text).replace(/\s+/g, ' ').trim();
  return cut(line, maxCharacters);
}

/** A statement as a message shows it. */
export function safeStatement(text: string): string {
  return cut(safeText(text), maxShownCharacters);
}

/** For HTML, in text and in attributes with quotes. */
export function htmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * For Slack's mrkdwn: the three characters that open its control sequences (`<!channel>`, `<@U…>`, `<https://…|words>`) as entities, and
 * its marks of style kept from pairing by a word joiner that nobody sees.
 */
export function slackText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_~`]/g, (mark) => `${mark}\u2060`);
}

/** Inside a block of code only the entities count, and a fence must not close. */
export function slackCode(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('```', '`\u2060``');
}

function cut(text: string, max: number): string {
  const characters = Array.from(text);
  return characters.length <= max ? text : `${characters.slice(0, max).join('')}… (${characters.length - max} more)`;
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
