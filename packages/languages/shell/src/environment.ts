/** Variables that change what a shell or a program does, beside holding a text. */
import { type Abstract, homeMark } from './abstract.ts';

/** Names whose setting changes which code runs: loaders, start-up files, pagers, editors, option variables. */
const sharp = [
  /^(LD|DYLD|GCONV|GLIBC|MALLOC|NSS|RES|LOCALDOMAIN|HOSTALIASES|NIS)_/,
  /^(BASH|ZDOTDIR|ENV$|SHELLOPTS|PS[0-4]$|PROMPT|FPATH|CDPATH|GLOBIGNORE|EXECIGNORE|HIST|histchars$|SHELL$|FCEDIT|MAILPATH|TMOUT$)/,
  /^(GIT|SSH|SUDO|LESS|MAN|PERL|PYTHON|RUBY|GEM|BUNDLE|NODE|NPM|JAVA|_JAVA|JDK|LUA|PHP|TCL|R_|GUILE|ERL|GO)[A-Z_0-9]*/,
  /^(TAR|GREP|RIPGREP|RSYNC|CVS|SVN|SYSTEMD|KUBE|KUBECTL|DOCKER|COMPOSE|HELM|PSQL|PGSERVICE|PGSYS|PGSSL|PGPASSFILE|MYSQL|AWS|CURL|WGET|OPENSSL|SSL|XDG|TERMINFO|TERMCAP|XML|SGML|VIM|EX|NVIM|EMACS|MAKE|CC|CXX|CPP|CARGO|RUST|GROFF|TROFF)[A-Z_0-9]*/,
  /(^|_)(PAGER|EDITOR|VISUAL|BROWSER|OPTIONS|OPTS|FLAGS|COMMAND|CMD|PROG|PROGRAM|RSH|ASKPASS|PRELOAD|HOME|CONFIG|RC|HOOK|PROXY|proxy|STARTUP|PLUGIN|PLUGINS|PATH)$/,
];

/** Of those, the ones that only say how something looks, or name a place to look at a repository. */
const blunt = new Set([
  ...['GIT_OPTIONAL_LOCKS', 'GIT_TERMINAL_PROMPT', 'GIT_AUTHOR_NAME', 'GIT_AUTHOR_EMAIL', 'GIT_AUTHOR_DATE'],
  ...['GIT_COMMITTER_NAME', 'GIT_COMMITTER_EMAIL', 'GIT_COMMITTER_DATE', 'GIT_PROTOCOL', 'GREP_COLORS', 'GREP_COLOR'],
  ...[
    'HISTSIZE',
    'HISTCONTROL',
    'PYTHONUNBUFFERED',
    'PYTHONIOENCODING',
    'PYTHONDONTWRITEBYTECODE',
    'NODE_ENV',
    'GOOS',
    'GOARCH',
  ],
  ...['SYSTEMD_COLORS', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'COMPOSE_PROJECT_NAME'],
  ...['MYSQL_PWD', 'SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR', 'SSH_TTY'],
]);

const pagers = /^(cat|less|more|\/bin\/cat|\/usr\/bin\/(less|cat|more)|)$/;

/** Folders whose programs are those that the catalogue speaks of. */
export const systemFolders: ReadonlySet<string> = new Set([
  ...['/bin', '/usr/bin', '/sbin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/snap/bin', '/opt/homebrew/bin'],
  ...[
    '/usr/lib/openssh',
    '/usr/lib/ssh',
    '/usr/libexec',
    '/usr/libexec/openssh',
    '/usr/lib/git-core',
    '/usr/libexec/git-core',
  ],
]);

/** Why setting it makes what runs afterwards unknown; null: it does not. */
export function sharpVariable(name: string, values: readonly Abstract[]): string | null {
  if (blunt.has(name)) return null;
  if (name === 'PATH') return values.every(isSystemPath) ? null : 'it changes where programs are looked for';
  if (name === 'IFS' || name === 'HOME' || !sharp.some((one) => one.test(name))) {
    return name === 'HOME' ? 'it sets a variable that changes what programs do' : null;
  }
  if (/PAGER$/.test(name) && values.every((value) => value.type === 'known' && pagers.test(value.text))) return null;
  return 'it sets a variable that changes what programs do';
}

/** `PATH` as it was, with folders of the system or the home's own beside it. */
function isSystemPath(value: Abstract): boolean {
  if (value.type !== 'known') return false;
  return value.text
    .split(':')
    .every(
      (folder) =>
        systemFolders.has(folder.replace(/\/$/, '')) || folder === pathMark || folder.startsWith(`${homeMark}/`),
    );
}

/** Stands for the search path that the environment gave. */
export const pathMark = '\u0000PATH';
