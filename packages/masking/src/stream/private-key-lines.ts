/**
 * A private key in a stream: after its first line everything goes up to its last one, or up to a line that cannot belong to a key, so
 * that a line with nothing but the header, in a search's output, does not silence the rest of a session.
 */

const footer = /-----END[A-Z0-9 ]{0,60}-----/;
/** A line's number before it, and what JSON and shells put behind it. */
const keyBody = /^(?:\d{1,6}[:\t ]\s{0,4})?[A-Za-z0-9+/=]*["'\\,;nr]{0,6}$/;
const keyRun = /[A-Za-z0-9+/=]{24}/;
/** RFC 1421 and OpenPGP headers. */
const header = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): /;
const hidden = /\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\x00-\x08\x0b-\x1f\x7f]/g;
/** A longer line without its end is judged as it is. */
const maxLine = 4_096;

export interface KeyStep {
  /** How many bytes at the beginning belong to the key and go. */
  readonly drop: number;
  /** True while the key may go on: what is left waits for the rest of its line. */
  readonly inside: boolean;
}

/** What of `raw`, which follows a key's first line, belongs to the key. `quiet`: nothing more comes for a while. */
export function takeKeyLines(raw: string, quiet: boolean): KeyStep {
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\n', at);
    const line = (lineEnd < 0 ? raw.slice(at) : raw.slice(at, lineEnd)).replace(hidden, '');
    if (footer.test(line)) return { drop: footerEnd(raw, at, lineEnd < 0 ? raw.length : lineEnd), inside: false };
    if (lineEnd < 0) {
      if (line.length > maxLine)
        return isKeyLine(line) ? { drop: raw.length, inside: true } : { drop: at, inside: false };
      return { drop: at, inside: !quiet || isKeyLine(line) || /^-{1,5}(?:E[A-Z0-9 ]*)?$/.test(line) };
    }
    if (!isKeyLine(line)) return { drop: at, inside: false };
    at = lineEnd + 1;
  }
}

function footerEnd(raw: string, from: number, lineEnd: number): number {
  const match = footer.exec(raw.slice(from, lineEnd));
  return match === null ? lineEnd : from + match.index + match[0].length;
}

function isKeyLine(line: string): boolean {
  const bare = line.trim();
  return keyBody.test(bare) || keyRun.test(bare) || header.test(bare);
}
