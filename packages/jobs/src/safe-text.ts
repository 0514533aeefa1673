/** Texts of other people in messages: nothing in them may look like something else, call somebody, or break a line of a protocol. */

import { evidenceText } from '@sluice/domain';

/** Longest statement that a message shows; the page shows all of it. Characters. */
export const maxShownCharacters = 1_500;

/** As the reviewer's page says it where nothing can be drawn: what misleads stands by its name. Line ends are line feeds. */
function safeText(text: string): string {
  return evidenceText(text.replace(/\r\n?/g, '\n'));
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
