import type { Document, LineCounter, Node } from 'yaml';
import { isMap, isNode, isScalar, Scalar } from 'yaml';

/** 1-based, in UTF-16 code units of the policy's source. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** One fault of a policy's source, placed where a person has to look. `path` is `rules[2].when` and the like. */
export interface PolicyProblem extends SourcePosition {
  readonly message: string;
  readonly path: string;
}

type PathPart = string | number;

/** Turns paths and offsets of values into lines and columns of the YAML text. */
export class SourceMap {
  readonly #source: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(source: string, document: Document, lines: LineCounter) {
    this.#source = source;
    this.#document = document;
    this.#lines = lines;
  }

  /** The place of an offset in the source. */
  at(offset: number): SourcePosition {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.#source.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The place of a value; of its nearest ancestor when the value itself is missing. */
  value(path: readonly PathPart[]): SourcePosition {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#node(path.slice(0, length));
      if (node?.range) return this.at(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** The place of a key in the map at `path`. */
  key(path: readonly PathPart[], key: string): SourcePosition {
    const map = this.#node(path);
    if (isMap(map)) {
      const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair && isNode(pair.key) && pair.key.range) return this.at(pair.key.range[0]);
    }
    return this.value(path);
  }

  /** The place of the character at `offset` of the text that the scalar at `path` holds. */
  inText(path: readonly PathPart[], offset: number): SourcePosition {
    const node = this.#node(path);
    if (!isScalar(node) || !node.range || typeof node.value !== 'string') return this.value(path);
    return this.at(sourceOffset(this.#source, node, node.value, offset));
  }

  #node(path: readonly PathPart[]): Node | undefined {
    const found: unknown = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    return isNode(found) ? found : undefined;
  }
}

export function showPath(path: readonly PathPart[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * Walks a scalar's source and its value side by side up to `target`, over quotes, escapes, folded lines and indentation
 * (YAML 1.2.2, chapters 7.3 and 8.1). Where the two disagree the nearest place is good enough: it is for a person's eye.
 */
function sourceOffset(source: string, node: Scalar, value: string, target: number): number {
  const [start, end] = node.range ?? [0, 0];
  const block = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
  const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
  let at = start + (quoted ? 1 : 0);
  if (block) at = skipBlanks(source, source.indexOf('\n', start) + 1, end);
  for (let index = 0; index < Math.min(target, value.length); index += 1) {
    const here = source[at];
    if (here === '\\' && node.type === Scalar.QUOTE_DOUBLE) {
      at += escapeLength(source[at + 1]);
    } else if (here === "'" && node.type === Scalar.QUOTE_SINGLE) {
      at += 2;
    } else if (here === '\n' || here === '\r') {
      at = skipBlanks(source, source.indexOf('\n', at) + 1, end);
    } else if (here === value[index]) {
      at += 1;
    }
    if (at >= end) return end;
  }
  return at;
}

function skipBlanks(source: string, from: number, end: number): number {
  let at = from;
  while (at < end && (source[at] === ' ' || source[at] === '\t')) at += 1;
  return at;
}

function escapeLength(letter: string | undefined): number {
  if (letter === 'x') return 4;
  if (letter === 'u') return 6;
  if (letter === 'U') return 10;
  return 2;
}
