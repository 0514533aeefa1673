/**
 * What programs do with a terminal that they get. A pager, an editor or a REPL takes commands from it, and what is typed there is judged
 * by nobody. The list is closed: whatever is not on it counts as a program that takes commands.
 */

const list = (names: string): ReadonlySet<string> => new Set(names.trim().split(/\s+/));

/**
 * They read what is typed as data, or answer a question with yes, no or a password, and run nothing by it. Shells and programs that run
 * another one are here too: what they run is looked at by itself.
 */
const deaf = list(`
  ls dir tree stat file du df basename dirname readlink realpath which whereis whatis apropos locate ps pgrep pidof pstree pwdx pmap
  lsof fuser free uptime vmstat iostat mpstat sar nproc arch uname id whoami groups logname who w users last lastlog getent hostname
  domainname tty date cal env printenv locale lsblk lscpu lsmem lsmod modinfo lspci lsusb lsns lsipc lshw dmidecode blkid findmnt
  mountpoint ss netstat ifconfig arp route ulimit sysctl getfacl lsattr getcap getenforce sestatus apparmor_status namei sleep true
  false yes seq echo printf pwd test [ tput clear reset stty expr factor md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum
  shasum cksum sum lsb_release uuidgen runlevel crontab atq getconf nm size readelf objdump cat tac nl head tail wc grep egrep fgrep
  zgrep zcat bzcat xzcat zstdcat rg ag sort uniq cut paste join comm tr rev fold fmt column expand unexpand pr shuf tsort strings od
  hexdump hd xxd base64 base32 diff cmp jq yq xmllint sed awk gawk mawk nawk iconv dos2unix tee split csplit ts pv rm rmdir unlink
  mkdir mktemp mkfifo touch cp mv ln link install dd truncate fallocate chmod chown chgrp gzip gunzip bzip2 bunzip2 xz unxz zstd zip
  unzip tar gtar find fd kill pkill killall renice logger wall sync mount shutdown reboot poweroff halt bc rpm ping ping6 traceroute
  tracepath mtr dig host whois nc ncat netcat curl wget http scp rsync sftp-server git-upload-pack git-upload-archive git-receive-pack
  pg_isready pg_dump sh bash dash ash ksh mksh zsh nice ionice chrt taskset numactl timeout time stdbuf unbuffer prlimit
  systemd-inhibit systemd-cat eatmydata fakeroot catchsegv flock xargs busybox toybox sudo doas pkexec run0 gosu setsid nohup su
  runuser`);

/** The same, for every subcommand that the catalogue has for them: those that open an editor or a shell are opaque there. */
const deafFamilies = list(`
  kubectl oc k3s microk8s docker podman nerdctl docker-compose crictl helm ip ufw openssl go terraform npm pnpm yarn pip pip3 dnf yum apk
  snap flatpak brew conda gem apt-get apt-cache apt-mark tmux supervisorctl`);

/** Subcommands that never page, and open no editor with the options that the catalogue has for them. */
const deafSubcommands: Readonly<Record<string, ReadonlySet<string>>> = {
  git: list(`
    status rev-parse rev-list ls-files ls-tree ls-remote cat-file diff-tree diff-index diff-files show-ref for-each-ref merge-base name-rev
    describe count-objects check-ignore check-attr version var fsck remote worktree archive bundle upload-pack receive-pack add stage mv
    init fetch push reset restore rm clean gc prune update-ref`),
  'git stash': list('push save pop apply branch create store drop clear'),
  'git reflog': list('expire delete'),
  systemctl: list(`
    is-active is-enabled is-failed is-system-running get-default show-environment start stop restart reload try-restart reload-or-restart
    reset-failed kill daemon-reload enable disable`),
  loginctl: list('terminate-session kill-session'),
  timedatectl: list('set-time set-timezone set-ntp'),
  hostnamectl: list('set-hostname'),
};

interface Pager {
  /** With one of these it pages nothing. */
  readonly unless?: ReadonlySet<string>;
  /** It pages with one of these only. */
  readonly only?: ReadonlySet<string>;
  /** Options beside which `unless` does not help: a manual page is shown by another program, with a pager of its own. */
  readonly despite?: ReadonlySet<string>;
}

const help = list('--help');
const systemd: Pager = { unless: list('--no-pager'), despite: help };

/** They give their output to a pager where it goes to a terminal, and only there. By subcommand, or else by family. */
const pagers: Readonly<Record<string, Pager>> = {
  man: {},
  info: {},
  more: {},
  ack: {},
  psql: {},
  service: {},
  resolvectl: {},
  apt: {},
  'apt-get changelog': {},
  dmesg: { only: list('-H --human') },
  dpkg: {},
  'dpkg-query': {},
  // A list ends, so it is paged although lines are followed.
  journalctl: {
    unless: list('--no-pager -f --follow'),
    despite: list('--help --list-boots --list-catalog --header --disk-usage -F --field --verify'),
  },
  systemctl: systemd,
  // Shows manual pages.
  'systemctl help': {},
  loginctl: systemd,
  timedatectl: systemd,
  hostnamectl: systemd,
  localectl: systemd,
  git: { unless: list('-P --no-pager'), despite: help },
  'git branch': { unless: list('-P --no-pager --show-current'), despite: help },
  'git help': {},
};

/** They take keys, but not with one of these. */
const batches: Readonly<Record<string, ReadonlySet<string>>> = { top: list('-b') };

export interface TerminalUse {
  /** Those that were given, before its subcommand too. */
  readonly options: readonly string[];
  /** Its output goes to the terminal. */
  readonly pages: boolean;
}

/** Why a program that gets a terminal cannot be judged by its words: a clause; null: it can. `name` has its subcommands behind it. */
export function terminalProblem(name: string, { options, pages }: TerminalUse): string | null {
  const words = name.split(' ');
  const [family = ''] = words;
  const has = (names: ReadonlySet<string> | undefined): boolean => options.some((one) => names?.has(one) === true);
  if (options.includes('--version') && !options.includes('--help')) return null;
  const pager = own(pagers, name) ?? own(pagers, family);
  if (pager !== undefined && !isDeaf(words, options)) {
    if (!pages || (has(pager.unless) && !has(pager.despite))) return null;
    if (pager.only !== undefined && !has(pager.only)) return null;
    return 'it gives its output to a pager, which takes commands from the terminal';
  }
  if (pager !== undefined || deaf.has(name) || deafFamilies.has(family) || has(own(batches, name))) return null;
  return 'it may take commands from the terminal';
}

/** `--help` of a subcommand shows a manual page, or pages what it says. */
function isDeaf(words: readonly string[], options: readonly string[]): boolean {
  if (options.includes('--help')) return false;
  return words.some((word, at) => own(deafSubcommands, words.slice(0, at).join(' '))?.has(word) === true);
}

function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** For the test that walks the catalogue. */
export const namesOfTerminals: readonly string[] = [
  ...deaf,
  ...deafFamilies,
  ...Object.keys(pagers),
  ...Object.keys(batches),
  ...Object.entries(deafSubcommands).flatMap(([family, names]) => [...names].map((name) => `${family} ${name}`)),
];
