/** Text of one style. */
export interface StyledRun {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  /** 0 to 15 of the ANSI colours; null for the default and for colours that are none of them. */
  readonly colour: number | null;
}

type Style = Omit<StyledRun, 'text'>;

const plain: Style = { bold: false, dim: false, italic: false, underline: false, colour: null };
/** Lines of one text; what follows is joined to the last one's end. */
const maxLines = 20_000;
const parts =
  /\x1b\[([0-9;:]*)m|\x1b(?:\[[0-9:;<=>? -/]*[@-~]|[()*+#].|.)|\r\n|\n|\r|\x08|[\0-\x07\x0b\x0c\x0e-\x1f\x7f]|[^\x1b\0-\x08\x0a-\x1f\x7f]+/g;

/**
 * The lines of safe output for a page that has no terminal: colours and weights stay, everything that moves a cursor goes. A return
 * without a line feed begins the line again, as progress bars do.
 */
export function styledLines(safe: string): readonly (readonly StyledRun[])[] {
  const lines: StyledRun[][] = [[]];
  let style = plain;
  let returned = false;
  for (const match of safe.matchAll(parts)) {
    const [part, parameters] = match;
    let line = lines.at(-1) ?? [];
    if (parameters !== undefined) style = applyStyle(style, parameters);
    else if (part === '\n' || part === '\r\n') {
      returned = false;
      if (lines.length < maxLines) lines.push([]);
    } else if (part === '\r') returned = true;
    else if (part === '\b') shorten(line);
    else if (part >= ' ' || part.startsWith('\t')) {
      if (returned) {
        line = [];
        lines[lines.length - 1] = line;
        returned = false;
      }
      line.push({ ...style, text: part });
    }
  }
  if (lines.length > 1 && lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

function shorten(line: StyledRun[]): void {
  const last = line.pop();
  if (last !== undefined && last.text.length > 1) line.push({ ...last, text: last.text.slice(0, -1) });
}

function applyStyle(before: Style, parameters: string): Style {
  let style = before;
  const codes = parameters.split(';');
  for (let place = 0; place < codes.length; place += 1) {
    const code = codes[place] ?? '';
    const number = code === '' ? 0 : Number(code.split(':', 1)[0]);
    if (number === 38 || number === 48) {
      if (!code.includes(':')) {
        const chosen = Number(codes[place + 2]);
        if (number === 38) style = { ...style, colour: codes[place + 1] === '5' && chosen < 16 ? chosen : null };
        place += codes[place + 1] === '2' ? 4 : 2;
      }
    } else style = applyCode(style, number);
  }
  return style;
}

function applyCode(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, colour: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, colour: code - 82 };
  switch (code) {
    case 0:
      return plain;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 39:
      return { ...style, colour: null };
    default:
      return style;
  }
}
