/** Invariant: a program that gets a terminal is proved only where it takes no commands from it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from './catalogue/index.ts';
import { namesOfTerminals } from './catalogue/terminals.ts';
import { allFacts, everythingKnown, factsOf, isCompleteRead } from './fixtures/read.ts';
import { shell } from './language.ts';
import type { Program } from './program.ts';

beforeAll(() => shell.load());

const withTerminal = { ...everythingKnown, terminal: true };

describe('with a terminal', () => {
  it.each([
    'git log',
    'git -C /srv/app log -3',
    'git show HEAD',
    'git branch',
    'git stash list',
    'git help log',
    'man ls',
    'more /etc/hosts',
    'info ls',
    'systemctl status',
    'systemctl',
    'systemctl list-units',
    'journalctl -u ssh',
    'loginctl',
    'timedatectl',
    'resolvectl status',
    'service ssh status',
    'dmesg -H',
    'dpkg -l',
    'apt list',
    'top',
    'watch git log',
    'watch df',
    'git --no-pager log --help',
    'git --no-pager help log',
    'systemctl --no-pager help ssh',
    'systemctl --no-pager start --help',
    'git config --list',
    'git log >&2 | cat',
    'git log > /dev/tty | cat',
    '{ git log; } 1>&2 | cat',
    '(exec >&2; git log) | cat',
    'x=$(exec 1>&2; man ls)',
    'f() { git log >&2; }; f | cat',
    'docker exec -it web git log | cat',
    'docker compose exec web git log | cat',
    'SYSTEMD_PAGER="sh -c id" systemctl status',
    'journalctl -f --list-boots',
    'apt-get changelog bash',
    'cat /etc/hosts | more',
    'read -e x',
    'read -rei x y',
    'crontab -e',
    'visudo',
    'git commit',
    'kubectl edit pod/web',
    'systemctl edit ssh',
    'ssh other',
    'telnet other',
    'bash',
    'mysql',
    'sqlite3',
    'gdb',
    'sftp other',
    'screen',
    'tmux',
    'script',
    'busybox less x',
    'dpkg --configure -a',
    'nano x',
    'ed x',
    'ex x',
    'mutt',
    'tig',
    'mc',
    'ranger',
    'fzf',
    'nmcli',
    'GIT_PAGER="sh -c id" git log',
    'LESS=-X man ls',
    'git -c core.pager=id log',
    'nslookup',
    'supervisorctl',
    'busybox more x',
    'busybox vi x',
    'env git log',
    'timeout 5 man ls',
    'nice -n 5 systemctl status',
    'f() { git log; }; f',
    'sh -c "git log"',
    'ls | xargs git log',
    'ls; git log',
    'echo x | git log',
    'if true; then man ls; fi',
    'docker exec -it web less /etc/hosts',
    'docker exec -it web more /etc/hosts',
    'find . -name x -exec more {} +',
    'less x',
    'vi x',
    'python3',
    'psql -c "select 1"',
  ])('%s is not proved', (text) => expect(isCompleteRead(text, withTerminal)).toBe(false));

  it.each([
    'ls -la',
    'cat /etc/hosts',
    'tail -f /var/log/syslog',
    'df -h; free -m; uptime',
    'git --no-pager log -3',
    'git -P diff',
    'git log | head',
    'x=$(git log -1)',
    'man ls | cat',
    'git status',
    'git branch --show-current',
    'git log > /dev/null',
    '{ git log; } | cat',
    'mtr 10.0.0.1',
    'dmesg',
    'pip list',
    'apt-cache policy bash',
    'npm ls',
    'docker exec web git log',
    'docker stats',
    'read x',
    'stty -a',
    'stty size',
    'systemctl --no-pager status',
    'systemctl status --no-pager ssh',
    'systemctl is-active ssh',
    'journalctl -u ssh --no-pager',
    'journalctl -fu ssh',
    'dmesg -T',
    'top -b -n 1',
    'ps aux | grep ssh',
    'docker ps',
    'docker logs web',
    'docker exec -it web ls',
    'kubectl get pods -w',
    'kubectl logs web --follow',
    'ip addr',
    'ip a show',
    'find . -name x -exec cat {} +',
  ])('%s is', (text) => expect(isCompleteRead(text, withTerminal)).toBe(true));

  it('and without one nothing of it counts', () => {
    for (const text of ['git log', 'man ls', 'systemctl status', 'journalctl -u ssh', 'more /etc/hosts', 'top'])
      expect(isCompleteRead(text, everythingKnown), text).toBe(true);
  });
});

it('what is not there to be typed at makes a terminal of its own', () => {
  for (const text of [
    'ssh -tt web git log | cat',
    'unbuffer -p git log',
    'podman exec -it web git log',
    'docker start -i web',
  ])
    expect(isCompleteRead(text, everythingKnown), text).toBe(false);
  expect(incompleteBecause('ssh -tt web git log')).toMatch(/pager/);
  expect(incompleteBecause('kubectl exec -it web -- git log')).toMatch(/pager/);
  expect(incompleteBecause('ssh -o RequestTTY=force web git log')).toMatch(/option of ssh/);
});

it('every program that the lists name is one of the catalogue', () => {
  for (const name of namesOfTerminals) expect(inCatalogue(name), name).toBe(true);
});

it('a program that asks at its input is not proved, with a terminal or without one', () => {
  for (const text of [
    'tar -tMf x.tar',
    'tar tMf x.tar',
    'tar -tf x.tar -L 1',
    'git reset -p',
    'git stash push -p',
    'git add -p',
    'git tag -a v1',
    'kubectl apply edit-last-applied deployment/web',
    'unzip x.zip',
    'cpio -o',
    'exec < commands',
    'sh <<X\nexec < commands\nX',
  ])
    expect(
      allFacts(text, everythingKnown).every(({ complete }) => complete),
      text,
    ).toBe(false);
  expect(factsOf('git tag -a v1 -m x', everythingKnown).complete).toBe(true);
});

it('what an archive or a patch holds may be a start-up file, where it is unpacked in the home', () => {
  for (const text of ['unzip -o x.zip', 'patch -p1 < x.diff'])
    expect(factsOf(text, everythingKnown).kind, text).toBe('privilege');
  expect(factsOf('unzip -o x.zip -d /srv/app', everythingKnown).kind).toBe('write');
});

it('a trap is read with what the shell holds when it may run', () => {
  for (const text of ['y=a; trap \'rm "$y"\' EXIT; y="/etc/passwd"', 'trap "rm passwd" USR1; cd /etc; kill -USR1 $$'])
    expect(JSON.stringify(allFacts(text, everythingKnown)), text).toContain('/etc/passwd');
});

describe('of a shell that takes line after line', () => {
  const line = { ...withTerminal, standing: true };
  it.each([
    'ls() { rm x; }',
    'function ls { rm x; }',
    'IFS=x',
    'IFS=: read -r a b',
    'readonly x=1',
    'declare -u x',
    'trap "ls" EXIT',
    'exec < commands',
    'exec 0< commands',
    'histchars=@',
    'set -o vi',
    'alias ls=rm',
    'stty kill @',
    'stty igncr',
    'PATH=~/bin:$PATH',
    'eval "ls() { rm x; }"',
    'if true; then ls() { rm x; }; fi',
    'rm $LOGNAME',
    'rm $1',
    '$1 x',
    'export SYSTEMD_PAGER="sh -c id"',
  ])('%s is not proved', (text) =>
    expect(
      allFacts(text, line).every(({ complete }) => complete),
      text,
    ).toBe(false),
  );
  it.each(['ls', 'x=1', 'cd /srv', 'set -x', 'for f in a b; do cat "$f"; done', '(f() { ls; }; f)', 'echo $1'])(
    '%s is',
    (text) => expect(isCompleteRead(text, line)).toBe(true),
  );
});

function incompleteBecause(text: string): string {
  return factsOf(text, everythingKnown).incompleteBecause ?? '';
}

function inCatalogue(name: string): boolean {
  const [family = '', ...rest] = name.split(' ');
  let program: Program | undefined = Object.hasOwn(catalogue, family) ? catalogue[family] : undefined;
  for (const word of rest) program = program?.subcommands?.[word];
  return program !== undefined;
}
