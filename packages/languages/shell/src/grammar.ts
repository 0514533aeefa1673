/// <reference path="./grammar-module.d.ts" />
/**
 * The shell's grammar (mvdan/sh, compiled from Go to JavaScript). It is imported only by `load()`: it changes the stack trace limit of the
 * thread that it lives in, so only the parse worker shall have it.
 */
import type Grammar from 'mvdan-sh';
import { type RawNode, unwrapped } from './raw-node.ts';

type Syntax = (typeof Grammar)['syntax'];

/** What the grammar says of a text that is no shell text. `byteOffset` is 0-based in UTF-8; null when not known. */
export class GrammarError extends Error {
  readonly byteOffset: number | null;

  constructor(message: string, byteOffset: number | null) {
    super(message);
    this.name = 'GrammarError';
    this.byteOffset = byteOffset;
  }
}

/** The text is nested more deeply than the grammar's stack allows. */
export class TooDeep extends Error {
  override readonly name = 'TooDeep';
}

let loading: Promise<void> | null = null;
let syntax: Syntax | null = null;

/** Evaluates the grammar's script once. */
export function loadGrammar(): Promise<void> {
  loading ??= import('mvdan-sh').then((module) => {
    syntax = module.default.syntax;
  });
  return loading;
}

function loaded(): Syntax {
  if (syntax === null) throw new Error('The shell grammar is not loaded: await load() first.');
  return syntax;
}

/** A text's tree: `file` to print, `root` to read. */
export interface ParsedText {
  readonly file: unknown;
  readonly root: RawNode;
}

/** The tree of a whole text, comments kept. Throws `GrammarError` and `TooDeep`; anything else means that the grammar broke. */
export function parseText(text: string): ParsedText {
  const api = loaded();
  try {
    const file = api.NewParser(api.KeepComments(true)).Parse(text, '');
    return { file, root: unwrapped(file) };
  } catch (error) {
    throw understood(error);
  }
}

/** The canonical print of a tree that `parseText` gave. Throws `TooDeep` like it. */
export function printTree({ file }: ParsedText): string {
  const api = loaded();
  try {
    return api.NewPrinter(api.Indent(2)).Print(file);
  } catch (error) {
    throw understood(error);
  }
}

interface SyntaxFailure {
  readonly Text: string;
  readonly Pos?: { Offset(): number };
}

function understood(error: unknown): unknown {
  if (error instanceof RangeError) return new TooDeep('The text is nested too deeply.');
  if (typeof error !== 'object' || error === null || !('Text' in error)) return error;
  const { Text: message, Pos: position } = error as SyntaxFailure;
  return new GrammarError(String(message), offsetOf(position));
}

function offsetOf(position: SyntaxFailure['Pos']): number | null {
  try {
    return position?.Offset() ?? null;
  } catch {
    return null;
  }
}
