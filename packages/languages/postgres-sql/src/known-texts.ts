/**
 * Texts that PL/pgSQL puts together out of what is known: constants, `||`, format(), quote_ident() and quote_literal(), and the name of the
 * database. A value that is only known when it runs may stand in such a text where it is quoted as a literal: it can be nothing else there.
 */
import type { StatementFacts } from '@sluice/domain';
import type { Analysis } from './analysis.ts';
import { GrammarError, parseStatements } from './grammar.ts';
import { tokensOf } from './lexer.ts';
import type { Names } from './names.ts';
import { canonicalJson, constantOf, listAt, payload, payloadsAt, type Tree, textAt, treeAt, wordsAt } from './tree.ts';

/** A piece of the text. `identifier`: what quote_ident() makes of a name. `value`: a literal, or NULL where it may be. */
type Piece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'identifier'; readonly name: string }
  | { readonly type: 'value'; readonly nullable: boolean };

/** Stands for a value that is not known: no relation, setting or statement has such a name. */
const unknownValue = "'sluice:unknown value'";

/** What such a text may leave in the session: nothing that hangs on a value that is not known. */
const steadyEffects: ReadonlySet<string> = new Set(['ddl', 'temp']);

/** The facts of the statement that an expression makes and EXECUTE runs; empty: it is known only when it runs. */
export function factsOfKnownText(a: Analysis, expression: string): readonly StatementFacts[] {
  const value = onlyValue(expression);
  const pieces = value === null ? null : piecesOf(value, a.names);
  if (pieces === null) return [];
  const text = written(pieces, quotedName, unknownValue);
  const facts = namesAreSteady(pieces, text) ? a.foreign(text) : null;
  if (facts === null) return [];
  if (!pieces.some(({ type }) => type === 'value')) return [facts];
  if (!valuesStandAlone(pieces)) return [];
  const withNull = pieces.some((piece) => piece.type === 'value' && piece.nullable)
    ? a.foreign(written(pieces, quotedName, 'NULL'))
    : null;
  const both = withNull === null ? [facts] : [facts, withNull];
  return both.every(hangsOnNoValue) ? both : [];
}

/** Which rows a filter takes may hang on a value, and so does what a setting then is. */
function hangsOnNoValue({ filter, sessionEffects }: StatementFacts): boolean {
  return filter === 'not-applicable' && sessionEffects.every(({ type }) => steadyEffects.has(type));
}

function onlyValue(expression: string): Tree | null {
  try {
    const [statement, ...others] = parseStatements(`SELECT ${expression}`);
    const select = statement === undefined || others.length > 0 ? null : payload(statement.stmt, 'SelectStmt');
    if (select === null || Object.keys(select).some((key) => !plainSelect.has(key))) return null;
    const targets = payloadsAt(select, 'targetList', 'ResTarget');
    return targets.length === 1 ? treeAt(targets[0] ?? {}, 'val') : null;
  } catch (error) {
    if (error instanceof GrammarError) return null;
    throw error;
  }
}

/** What `SELECT value` and nothing more has. */
const plainSelect: ReadonlySet<string> = new Set(['targetList', 'limitOption', 'op']);

function piecesOf(value: Tree, names: Names): readonly Piece[] | null {
  const constant = constantOf(value);
  if (typeof constant === 'string') return [{ type: 'text', text: constant }];
  if (typeof constant === 'number') return Number.isInteger(constant) ? [{ type: 'text', text: `${constant}` }] : null;
  const cast = payload(value, 'TypeCast');
  if (cast !== null) return isPlainText(cast) ? piecesOf(treeAt(cast, 'arg') ?? {}, names) : null;
  const operation = payload(value, 'A_Expr');
  if (operation !== null) return joined(operation, names);
  const system = payload(value, 'SQLValueFunction');
  if (system !== null)
    return textAt(system, 'op') === 'SVFOP_CURRENT_CATALOG' ? [{ type: 'text', text: names.session.database }] : null;
  const call = payload(value, 'FuncCall');
  return call === null ? null : made(call, names);
}

/** `'…'::text`: other types would change the value or cut it. */
function isPlainText(cast: Tree): boolean {
  const type = treeAt(cast, 'typeName') ?? {};
  const words = wordsAt(type, 'names');
  return words.at(-1) === 'text' && words.length === 1 && listAt(type, 'arrayBounds').length === 0;
}

function joined(operation: Tree, names: Names): readonly Piece[] | null {
  const [operator, ...qualified] = wordsAt(operation, 'name').toReversed();
  if (textAt(operation, 'kind') !== 'AEXPR_OP' || operator !== '||' || qualified.length > 0) return null;
  // Another operator of the name may be meant where people made one.
  if (names.operatorFunctions(null, '||')?.length !== 0) return null;
  const left = piecesOf(treeAt(operation, 'lexpr') ?? {}, names);
  const right = piecesOf(treeAt(operation, 'rexpr') ?? {}, names);
  return left === null || right === null ? null : [...left, ...right];
}

function made(call: Tree, names: Names): readonly Piece[] | null {
  const [name, schema = null, ...more] = wordsAt(call, 'funcname').toReversed();
  if (name === undefined || more.length > 0 || names.function(schema, name).origin !== 'system') return null;
  // DISTINCT, FILTER, VARIADIC and their like are not for these.
  if (Object.keys(call).some((key) => !plainCall.has(key))) return null;
  const given = listAt(call, 'args');
  const [first = null] = given;
  switch (name) {
    case 'current_database':
      return given.length === 0 ? [{ type: 'text', text: names.session.database }] : null;
    case 'quote_literal':
      return given.length === 1 && first !== null ? literal(first, names, false) : null;
    case 'quote_ident': {
      const text = given.length === 1 && first !== null ? textIn(piecesOf(first, names)) : null;
      return text === null ? null : [{ type: 'identifier', name: text }];
    }
    case 'format':
      return formatted(given, names);
    default:
      return null;
  }
}

const plainCall: ReadonlySet<string> = new Set(['funcname', 'args', 'funcformat', 'location']);

/** What is not known is quoted all the same. A value of NULL makes NULL of the whole text with quote_literal(), which EXECUTE refuses. */
function literal(argument: Tree, names: Names, nullable: boolean): readonly Piece[] {
  const text = textIn(piecesOf(argument, names));
  return [text === null ? { type: 'value', nullable } : { type: 'text', text: quotedText(text) }];
}

/** `format(…)` with `%s`, `%I`, `%L` and `%%`, in order or by place; null: widths, and whatever else. */
function formatted([shape, ...given]: readonly Tree[], names: Names): readonly Piece[] | null {
  const format = shape === undefined ? null : textIn(piecesOf(shape, names));
  if (format === null) return null;
  const pieces: Piece[] = [];
  let next = 0;
  let end = 0;
  for (const match of format.matchAll(/%(?:(\d{1,3})\$)?([sIL%])|%/g)) {
    const [whole, place, kind] = match;
    pieces.push({ type: 'text', text: format.slice(end, match.index) });
    end = match.index + whole.length;
    if (kind === undefined) return null;
    if (kind === '%') {
      pieces.push({ type: 'text', text: '%' });
      continue;
    }
    const at = place === undefined ? next : Number(place) - 1;
    next = at + 1;
    const argument = given[at];
    const piece = argument === undefined ? null : formatPiece(kind, argument, names);
    if (piece === null) return null;
    pieces.push(...piece);
  }
  pieces.push({ type: 'text', text: format.slice(end) });
  return pieces;
}

function formatPiece(kind: string, argument: Tree, names: Names): readonly Piece[] | null {
  if (kind === 'L') return literal(argument, names, true);
  const pieces = piecesOf(argument, names);
  if (kind === 's' || pieces === null) return pieces;
  const name = textIn(pieces);
  return name === null ? null : [{ type: 'identifier', name }];
}

/** The text itself, where every piece of it is one. */
function textIn(pieces: readonly Piece[] | null): string | null {
  if (pieces === null) return null;
  let text = '';
  for (const piece of pieces) {
    if (piece.type !== 'text') return null;
    text += piece.text;
  }
  return text;
}

function written(pieces: readonly Piece[], nameOf: (name: string) => string, value: string): string {
  return pieces
    .map((piece) => (piece.type === 'text' ? piece.text : piece.type === 'identifier' ? nameOf(piece.name) : value))
    .join('');
}

/**
 * True when every value that is not known is a literal by itself. Inside a comment, another literal or a quoted name it could end that and
 * go on as anything; behind a letter or a quote it would be a part of what stands there.
 */
function valuesStandAlone(pieces: readonly Piece[]): boolean {
  const places: number[] = [];
  let text = '';
  for (const piece of pieces) {
    if (piece.type === 'value') places.push(text.length);
    text += written([piece], quotedName, unknownValue);
  }
  const strings = new Map(
    tokensOf(text).flatMap(({ kind, start, end }) => (kind === 'string' ? [[start, end] as const] : [])),
  );
  return places.every(
    (place) =>
      strings.get(place) === place + unknownValue.length && (place === 0 || /[\s(,=<>[]/.test(text.charAt(place - 1))),
  );
}

/**
 * quote_ident() leaves plain names bare, and which words it takes for keywords differs by version: a name is known to be one where the
 * text is the same with and without quotes.
 */
function namesAreSteady(pieces: readonly Piece[], quoted: string): boolean {
  const plain = (name: string): boolean => /^[a-z_][a-z0-9_]*$/.test(name);
  if (!pieces.some((piece) => piece.type === 'identifier' && plain(piece.name))) return true;
  const bare = written(pieces, (name) => (plain(name) ? name : quotedName(name)), unknownValue);
  try {
    return treeOf(bare) === treeOf(quoted);
  } catch (error) {
    if (error instanceof GrammarError) return false;
    throw error;
  }
}

function treeOf(text: string): string {
  return canonicalJson(parseStatements(text).map(({ stmt }) => stmt));
}

function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function quotedText(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
