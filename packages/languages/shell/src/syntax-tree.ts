/** A shell text as this package reads it: plain data, made from the grammar's nodes by `convert.ts`. Offsets are UTF-16 code units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Word extends Span {
  readonly parts: readonly Part[];
}

export type Part = (
  | { readonly type: 'literal'; readonly value: string }
  | { readonly type: 'single'; readonly value: string; readonly dollar: boolean }
  | { readonly type: 'double'; readonly parts: readonly Part[] }
  | ParameterPart
  | { readonly type: 'command'; readonly statements: readonly Statement[] }
  | { readonly type: 'arithmetic'; readonly expression: Arithmetic }
  | { readonly type: 'process'; readonly direction: 'in' | 'out'; readonly statements: readonly Statement[] }
  | { readonly type: 'extended-glob'; readonly pattern: string }
) &
  Span;

export interface ParameterPart {
  readonly type: 'parameter';
  readonly name: string;
  /** `${#x}` */
  readonly length: boolean;
  /** `${!x}`, `${!x*}`, `${!x[@]}` */
  readonly indirect: boolean;
  readonly names: boolean;
  readonly index: Arithmetic | null;
  /** Offset and length of `${x:1:2}`. */
  readonly slice: readonly Arithmetic[] | null;
  readonly replacement: readonly Word[] | null;
  readonly operator: string | null;
  readonly operand: Word | null;
}

export type Arithmetic =
  | { readonly type: 'word'; readonly word: Word }
  | {
      readonly type: 'operation';
      readonly assigns: boolean;
      /** `=`: what the variable held before is not looked at. */
      readonly overwrites: boolean;
      readonly operands: readonly Arithmetic[];
    };

export interface Assignment extends Span {
  readonly name: string;
  readonly append: boolean;
  /** `declare x`, `export -n`: no `=` at all. */
  readonly naked: boolean;
  readonly index: Arithmetic | null;
  readonly value: Word | null;
  readonly array: readonly { readonly index: Arithmetic | null; readonly value: Word | null }[] | null;
}

export interface Redirection extends Span {
  readonly operator: '>' | '>>' | '<' | '<>' | '<&' | '>&' | '>|' | '<<' | '<<-' | '<<<' | '&>' | '&>>';
  /** The written file descriptor or `{name}`; null: the operator's own. */
  readonly descriptor: string | null;
  readonly target: Word;
  readonly document: Word | null;
}

export interface Statement extends Span {
  readonly command: Command | null;
  readonly redirections: readonly Redirection[];
  readonly negated: boolean;
  readonly background: boolean;
}

export type Command =
  | { readonly type: 'call'; readonly assignments: readonly Assignment[]; readonly words: readonly Word[] }
  | {
      readonly type: 'declaration';
      readonly variant: string;
      readonly words: readonly (Assignment | { readonly option: Word })[];
    }
  | { readonly type: 'block' | 'subshell'; readonly body: readonly Statement[] }
  | {
      readonly type: 'binary';
      readonly operator: '&&' | '||' | '|' | '|&';
      readonly left: Statement;
      readonly right: Statement;
    }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly condition: readonly Statement[]; readonly body: readonly Statement[] }[];
      readonly otherwise: readonly Statement[] | null;
    }
  | { readonly type: 'while'; readonly condition: readonly Statement[]; readonly body: readonly Statement[] }
  | {
      readonly type: 'for';
      readonly variable: string;
      /** Null: the positional parameters. */
      readonly words: readonly Word[] | null;
      readonly select: boolean;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: 'arithmetic-for';
      readonly expressions: readonly Arithmetic[];
      readonly body: readonly Statement[];
    }
  | {
      readonly type: 'case';
      readonly word: Word;
      readonly items: readonly { readonly patterns: readonly Word[]; readonly body: readonly Statement[] }[];
    }
  | { readonly type: 'function'; readonly name: string; readonly body: Statement }
  | { readonly type: 'arithmetic'; readonly expressions: readonly Arithmetic[]; readonly posix: boolean }
  | { readonly type: 'test'; readonly test: Test }
  | { readonly type: 'time' | 'coprocess'; readonly statement: Statement | null };

export type Test =
  | { readonly type: 'word'; readonly word: Word }
  | { readonly type: 'unary'; readonly operator: string; readonly operand: Test }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Test; readonly right: Test };

export interface ShellText {
  readonly statements: readonly Statement[];
  /** The comment before the first statement, without its marks; null when there is none. */
  readonly comment: string | null;
}
