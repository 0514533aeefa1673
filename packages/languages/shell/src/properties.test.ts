/** However it is nested and quoted, a destructive command is never taken for reading. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { everythingKnown, isCompleteRead, nothingKnown, readText } from './fixtures/read.ts';
import { shell } from './language.ts';

beforeAll(() => shell.load());

const single = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const double = (text: string) => `"${text.replace(/[\\"$`]/g, '\\$&')}"`;

/** One word, written in one of many ways. */
const spelled = (word: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('plain', 'backslash', 'single', 'double', 'empty'), {
      minLength: word.length,
      maxLength: word.length,
    })
    .map((ways) =>
      [...word]
        .map((character, at) => {
          switch (ways[at]) {
            case 'backslash':
              return `\\${character}`;
            case 'single':
              return `'${character}'`;
            case 'double':
              return `"${character}"`;
            case 'empty':
              return `''${character}""`;
            default:
              return character;
          }
        })
        .join(''),
    );

const wraps: readonly ((text: string) => string)[] = [
  (text) => `ls; ${text}`,
  (text) => `${text}; ls`,
  (text) => `ls && ${text}`,
  (text) => `true || ${text}`,
  (text) => `ls | ${text}`,
  (text) => `( ${text} )`,
  (text) => `{ ${text}; }`,
  (text) => `! { ${text}; }`,
  (text) => `if ${text}; then ls; fi`,
  (text) => `if ls; then ${text}; fi`,
  (text) => `if ls; then :; else ${text}; fi`,
  (text) => `for i in 1; do ${text}; done`,
  (text) => `while ls; do ${text}; done`,
  (text) => `until ${text}; do ls; done`,
  (text) => `case a in *) ${text};; esac`,
  (text) => `f${text.length}() { ${text}; }; f${text.length}`,
  (text) => `echo $(${text})`,
  (text) => `x=$(${text})`,
  (text) => `echo "a $(${text}) b"`,
  (text) => `cat <(${text})`,
  (text) => `cat <<E\n$(${text})\nE`,
  (text) => `sh -c ${single(text)}`,
  (text) => `bash -c ${double(text)}`,
  (text) => `eval ${single(text)}`,
  (text) => `env A=b sh -c ${single(text)}`,
  (text) => `timeout 5 nice bash -lc ${single(text)}`,
  (text) => `sudo sh -c ${single(text)}`,
  (text) => `sh <<'E'\n${text}\nE`,
  (text) => `bash <<< ${single(text)}`,
  (text) => `trap ${single(text)} EXIT`,
  (text) => `find . -exec sh -c ${single(text)} \\;`,
  (text) => `xargs sh -c ${single(text)} _ < x`,
  (text) => `docker exec web sh -c ${single(text)}`,
  (text) => `ssh other ${single(text)}`,
];

describe('random nesting and quoting', () => {
  it.each([
    ['rm', ['-rf', 'x']],
    ['rm', ['-r', '-f', '/']],
    ['reboot', []],
    ['shred', ['x']],
    ['tee', ['x']],
    ['cp', ['a', 'b']],
  ] as const)('of %s %j is never a complete read', (name, given) => {
    const command = fc.tuple(spelled(name), ...given.map((word) => spelled(word))).map((words) => words.join(' '));
    const text = fc
      .tuple(command, fc.array(fc.constantFrom(...wraps), { maxLength: 4 }))
      .map(([inner, around]) => around.reduce((so, wrap) => wrap(so), inner));
    fc.assert(
      fc.property(text, (written) => {
        expect(isCompleteRead(written, nothingKnown), written).toBe(false);
        expect(isCompleteRead(written, everythingKnown), written).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  /** Of all texts of three wraps, these alone: what a loop's `eval` defines may have been defined otherwise the time before. */
  const redefinesInLoop = /(?:do|until) eval 'f\d+\(\)/;

  it('of ls stays readable', () => {
    const plain = wraps.filter((wrap) => !/sudo|ssh|xargs|timeout|<</.test(wrap('ls')));
    const written = (around: readonly ((text: string) => string)[]) =>
      around
        .reduce((so, wrap) => wrap(so), 'ls')
        // `$((` begins an expression (POSIX 2.6.3), and `!` stands in front of a whole pipeline alone (2.10.2).
        .replaceAll('((', '( (')
        .replaceAll('| !', '|');
    const readable = (text: string): void => {
      expect(isCompleteRead(text, everythingKnown), text).toBe(true);
    };
    for (const outer of plain) for (const inner of plain) readable(written([inner, outer]));
    const three = fc.array(fc.constantFrom(...plain), { minLength: 3, maxLength: 3 }).map(written);
    fc.assert(
      fc.property(
        three.filter((text) => !redefinesInLoop.test(text)),
        readable,
      ),
      { numRuns: 150 },
    );
  });
});

describe('any text', () => {
  it('gives facts or a refusal', () => {
    const piece = fc.constantFrom(
      ...[
        'rm',
        'ls',
        ' ',
        ';',
        '|',
        '&',
        '$',
        '(',
        ')',
        '{',
        '}',
        '`',
        "'",
        '"',
        '\\',
        '\n',
        '<',
        '>',
        '<<',
        'E',
        '=',
        '*',
        '-rf',
        'x',
        '~',
        '/',
        '..',
        '$(',
        '${',
        '!',
        '[',
        ']',
        'if',
        'then',
        'fi',
        'do',
        'done',
        'for',
        'in',
        'eval',
        'sh -c',
        '#',
        '1',
        '2>&1',
        'é',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const outcome = readText(pieces.join(''));
        if (!outcome.ok) expect(['syntax', 'refused']).toContain(outcome.reason);
      }),
      { numRuns: 600 },
    );
  });
});
