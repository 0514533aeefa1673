import type { Detector } from './subject.ts';
import { flag } from './subject.ts';

const keyHeader = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** RFC 7468 and OpenPGP private keys; one without its last line runs to the end of the text. */
export const privateKey: Detector = {
  name: 'private-key',
  word: 'secret',
  secret: true,
  needs: flag.run,
  find({ text }, report) {
    if (!text.includes('-----BEGIN')) return;
    keyHeader.lastIndex = 0;
    for (let match = keyHeader.exec(text); match !== null; match = keyHeader.exec(text)) {
      const footer = text.indexOf('-----END', match.index);
      const dashes = footer < 0 ? -1 : text.indexOf('-----', footer + 8);
      const end = dashes < 0 ? text.length : dashes + 5;
      report(match.index, end);
      keyHeader.lastIndex = end;
    }
  },
};

const maxUserInfo = 512;
const urlEnds = ' \t\r\n"\'<>`';

/** `scheme://user:password@host`: only the password is the finding, so that the target can still be recognised. */
export const connectionUrl: Detector = {
  name: 'connection-url',
  word: 'secret',
  secret: true,
  needs: flag.at | flag.pair,
  find({ text }, report) {
    for (let mark = text.indexOf('://'); mark >= 0; mark = text.indexOf('://', mark + 3)) {
      const start = mark + 3;
      let end = start;
      let colon = -1;
      let sign = -1;
      let inAuthority = true;
      // The authority's last sign ends the password; a stray slash in a password moves that behind the authority.
      while (end < text.length && end - start < maxUserInfo && !urlEnds.includes(text.charAt(end))) {
        const letter = text.charAt(end);
        if (letter === ':' && colon < 0) colon = end;
        if (letter === '@' && colon >= 0 && (inAuthority || sign < 0)) sign = end;
        if (letter === '/' || letter === '?' || letter === '#') inAuthority = false;
        if (letter === ':' && text.startsWith('://', end)) break;
        end += 1;
      }
      if (colon >= 0 && sign > colon + 1) report(colon + 1, sign);
    }
  },
};

const bearer = /\b(bearer|basic)[ \t]{1,3}([A-Za-z0-9._~+/-]{16,}={0,2})/gi;

/** RFC 6750 and RFC 7617 authorisation values. Only the credential is the finding. */
export const bearerToken: Detector = {
  name: 'bearer-token',
  word: 'secret',
  secret: true,
  needs: flag.run,
  find({ text }, report) {
    bearer.lastIndex = 0;
    for (let match = bearer.exec(text); match !== null; match = bearer.exec(text)) {
      const value = match[2] ?? '';
      // A long plain word after "basic" is prose.
      if (!/[0-9=]/.test(value) && !/[a-z][A-Z]/.test(value)) continue;
      const end = match.index + match[0].length;
      report(end - value.length, end);
    }
  },
};

/**
 * The names under which secrets are written down, followed by `=` or `:`. The value ends at white space or the punctuation
 * of its surroundings, or at its own quote.
 */
const secretName =
  '(?:pass(?:word|wd|phrase|code)?|pwd|api[_-]?key|apikey|secret(?:[_-]?access)?(?:[_-]?key)?|access[_-]?key|access[_-]?token|auth[_-]?token|refresh[_-]?token|session[_-]?token|client[_-]?secret|private[_-]?key|signing[_-]?key|encryption[_-]?key|account[_-]?key|credentials?)';
const assignment = new RegExp(
  `(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,24}[_-])?${secretName}["'\`]?[ \\t]{0,3}(?::=|=>|[:=])[ \\t]{0,3}(?:"([^"\\r\\n]{1,512})"|'([^'\\r\\n]{1,512})'|([^\\s"'&,;<>()\\[\\]{}]{4,512}))`,
  'gi',
);
/** Placeholders, keywords, references and what a mask has left. */
const noSecret =
  /^(?:\$\d*\b|\$\{|%\(?s|\?|:\w|<|•|\*+$|\[|tok_|h:|null$|none$|true$|false$|undefined$|default$|required$|optional$|string$|text$|varchar)/i;
const reference = /^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$/;

export const password: Detector = {
  name: 'password',
  word: 'secret',
  secret: true,
  needs: flag.pair,
  find({ text }, report) {
    assignment.lastIndex = 0;
    for (let match = assignment.exec(text); match !== null; match = assignment.exec(text)) {
      const quoted = match[1] ?? match[2];
      const value = quoted ?? match[3] ?? '';
      if (noSecret.test(value) || (quoted === undefined && reference.test(value))) continue;
      const end = match.index + match[0].length - (quoted === undefined ? 0 : 1);
      if (quoted === undefined && text.charAt(end) === '(') continue;
      report(end - value.length, end);
    }
  },
};
