/** What the facts of single statements hold. */
import { beforeAll, describe, expect, it } from 'vitest';
import { allFacts, everythingKnown, factsOf, isCompleteRead, nothingKnown, readText } from './fixtures/read.ts';
import { guardedBecause, placePlainPath, shell } from './index.ts';
import { decodeDollarQuoted } from './quoting.ts';
import { isPlainAwk } from './readers/awk.ts';
import { readSedScript } from './readers/sed.ts';

beforeAll(() => shell.load());

const reads = (text: string, session = nothingKnown) => factsOf(text, session).reads.map(({ name }) => name);
const writes = (text: string, session = nothingKnown) => factsOf(text, session).writes.map(({ name }) => name);

describe('paths', () => {
  it.each([
    ['cat /a/./b/../c//d', ['/a/c/d']],
    ['cat x ./y ../z', ['./x', './y', '../z']],
    ['cat ~/x ~bob/y "$HOME/z"', ['~/x', '~bob/y', '~/z']],
    ['cat "~/x"', ['./~/x']],
    ['cat /proc/self/root/etc/hosts', ['/etc/hosts']],
    ['cat *.log', ['./*.log']],
    ['cat {a,b}.c', ['./a.c', './b.c']],
    ['cat < x', ['./x']],
    ['cat /dev/null', []],
    ['docker exec web cat /etc/hosts', ['web:/etc/hosts']],
  ])('%s', (text, names) => expect(reads(text)).toEqual(names));

  it('are absolute where the folder and home are known', () => {
    expect(reads('cat x ../y ~/z', everythingKnown)).toEqual(['/home/deploy/x', '/home/y', '/home/deploy/z']);
    expect(reads('cd /srv && cat x', everythingKnown)).toEqual(['/srv/x']);
    // The folder may not be there.
    expect(allFacts('cd /srv; cat x', everythingKnown)[1]?.reads.map(({ name }) => name)).toEqual([
      '/srv/x',
      '/home/deploy/x',
    ]);
  });

  it('of files that are written', () => {
    expect(writes('echo a > x 2>> y')).toEqual(['./x', './y']);
    expect(writes('cp a b')).toContain('./b');
    expect(writes('scp -t /srv/app')).toEqual(['/srv/app']);
  });

  it('are placed and judged for protocols of files, too', () => {
    expect(placePlainPath('../x', '/home/deploy')).toMatchObject({ name: '/home/x' });
    const key = placePlainPath('.ssh/id_ed25519', null);
    if (typeof key === 'string') throw new Error('it is placed');
    expect(guardedBecause(key, null)).not.toBeNull();
  });
});

describe('verbs and kinds', () => {
  it.each([
    ['ls', 'read', 'read'],
    ['echo a >> x', 'write', 'insert'],
    ['echo a > x', 'write', 'update'],
    ['rm x', 'write', 'delete'],
    ['mkdir x', 'write', 'create'],
    ['curl http://other.example/', 'write', 'copy-out'],
    ['sudo ls', 'privilege', 'widen'],
    ['cat /etc/shadow', 'privilege', 'file-read'],
    ['echo a >> ~/.ssh/authorized_keys', 'privilege', 'file-write'],
  ] as const)('%s is %s, %s', (text, kind, verb) => {
    const facts = factsOf(text);
    expect(facts).toMatchObject({ kind, complete: true, destructive: false });
    expect(facts.effects.map((effect) => effect.verb)).toContain(verb);
  });

  it('say which programs run', () => {
    expect(factsOf('ps aux | grep x | sudo tee y')).toMatchObject({
      command: 'ps, grep, sudo, tee',
      functions: ['ps', 'grep', 'sudo', 'tee'],
    });
  });

  it('say what is served over the input and output', () => {
    expect(factsOf('rsync --server --sender -logDtpre.iLsfxCIvu . /srv').sessionEffects).toEqual([
      { type: 'serves', what: 'rsync', direction: 'read' },
    ]);
  });
});

describe('shells that differ', () => {
  it.each([
    '[[ a || reboot ]]',
    '[[ a > x ]]',
    '((reboot))',
    "cat $'a\\'; rm x #'",
    "ls *(e:'rm x':)",
    'echo -e "a\\nb" | sh',
  ])('%s is believed only where the shell is known', (text) => {
    expect(factsOf(text).complete).toBe(false);
    expect(factsOf(text, { ...nothingKnown, shell: '/usr/bin/zsh' }).complete).toBe(false);
  });

  it('another grammar is not read', () => {
    expect(isCompleteRead('ls', { ...nothingKnown, shell: '/usr/bin/fish' })).toBe(false);
    expect(isCompleteRead('[[ a || b ]] && ls', everythingKnown)).toBe(true);
  });
});

describe('statements in other languages', () => {
  const nested = (complete: boolean) => {
    const asked: string[] = [];
    const outcome = shell.read("PGPASSWORD=x psql -c 'SELECT 1'", {
      session: nothingKnown,
      catalogue: null,
      readNested: (language, text) => {
        asked.push(`${language}: ${text}`);
        const [facts] = allFacts('ls');
        return facts === undefined
          ? null
          : { ok: true, statements: [{ ...facts, language, complete, destructive: true }] };
      },
    });
    return { asked, facts: outcome.ok ? outcome.statements[0] : undefined };
  };

  it('are asked for and taken in', () => {
    expect(nested(true).asked).toEqual(['postgres-sql: SELECT 1']);
    expect(nested(true).facts).toMatchObject({ complete: true, kind: 'read', destructive: true });
    expect(nested(false).facts).toMatchObject({ complete: false });
    expect(nested(true).facts?.nested).toHaveLength(1);
  });

  it('are not proved where nobody reads them', () => {
    expect(factsOf("psql -c 'SELECT 1'")).toMatchObject({ complete: false, kind: 'unknown' });
  });
});

describe('literals that may be secrets', () => {
  it.each([
    ['PGPASSWORD=hunter2 ls', 'hunter2', 'environment', 'pgpassword'],
    ["export API_TOKEN='hunter2'", 'hunter2', 'environment', 'api_token'],
    ['mysql -uroot -phunter2 db', 'hunter2', 'mysql', 'password'],
    ['curl -u me:hunter2 http://h/', 'me:hunter2', 'curl', 'password'],
    ['x --password=hunter2', 'hunter2', 'program', 'password'],
    ['x --password "hunter2" é', 'hunter2', 'program', 'password'],
    ['env DB_PASSWORD=hunter2 ls', 'hunter2', 'environment', 'db_password'],
  ])('%s', (text, value, relation, column) => {
    const [literal] = factsOf(text).literals;
    expect(literal).toMatchObject({ value, column: { schema: null, relation, column } });
    expect(text.slice(literal?.start, literal?.end)).toContain(value);
  });
});

describe('descriptions', () => {
  it('print the text anew and bind its words, not its spaces', () => {
    const described = shell.describe('# why: x\nls   -la;   rm "a b"\n');
    expect(described).toMatchObject({ canonical: '# why: x\nls -la\nrm "a b"', comment: 'why: x' });
    expect(shell.describe('ls -la; rm "a b"').tree).toBe(described.tree);
    expect(shell.describe("ls -la; rm 'a b'").tree).not.toBe(described.tree);
  });

  it('are refused for what is no shell text', () => {
    expect(() => shell.describe('ls (')).toThrow();
    expect(readText('é; ls (')).toMatchObject({ ok: false, reason: 'syntax' });
  });
});

describe('the small readers', () => {
  it('decode quoted text', () => {
    expect(decodeDollarQuoted('\\x72\\155\\u0041\\n')).toBe('rmA\n');
    expect(decodeDollarQuoted('a\\0b')).toBeNull();
  });

  it('read what sed does to files', () => {
    expect(readSedScript('s/a/b/;w x\n')).toEqual({ reads: [], writes: ['x'] });
    expect(readSedScript('/a/,/b/{s|x|y|g;p}')).toEqual({ reads: [], writes: [] });
    for (const script of ['e', '1e id', 's/a/b/e', 's/[/]/x/', 's/a/b', 'k']) expect(readSedScript(script)).toBeNull();
  });

  it('tell plain programs of awk from others', () => {
    for (const program of [
      '{print $1}',
      '/a\\/b/ {n++} END {print n / 2}',
      'NR % 2 == 0 && $3 > 1',
      '{print ($1 > 2)}',
    ])
      expect(isPlainAwk(program), program).toBe(true);
    for (const program of [
      '{print > "x"}',
      '{system("id")}',
      '{print | "sh"}',
      '"id" | getline',
      '{print $1 >> f}',
      '@load "x"',
      'a++ /b/',
    ])
      expect(isPlainAwk(program), program).toBe(false);
  });
});
