/** Programs that look and show. Their options are those of GNU, util-linux and procps; BSD's where they differ and do no harm. */
import type { Programs } from '../program.ts';

export const readingPrograms: Programs = {
  ls: {
    does: 'read',
    options:
      '-aAbBcCdfFgGhHiklLmnNopqQrRsStuUvxXZ1O@eTwW -I=text -w=text -T=text -D=text --all --almost-all --author --escape --block-size=text --ignore-backups --color?text --directory --dired --classify?text --file-type --format=text --full-time --group-directories-first --no-group --human-readable --si --dereference-command-line --dereference --hide=text --hyperlink?text --indicator-style=text --inode --ignore=text --kibibytes --literal --numeric-uid-gid --hide-control-chars --show-control-chars --quote-name --quoting-style=text --reverse --recursive --size --sort=text --time=text --time-style=text --tabsize=text --width=text --context --zero',
    operands: 'look*',
  },
  dir: { does: 'read', options: '-alhF', operands: 'look*' },
  tree: {
    does: 'read',
    options:
      '-adfilxCDFNQSAhupgsrtvcUJX -L=text -P=text -I=text -o=write -H=text -T=text --dirsfirst --noreport --prune --gitignore --du --si --charset=text --filelimit=text --timefmt=text --sort=text --inodes --device --matchdirs --ignore-case',
    operands: 'look*',
  },
  stat: {
    does: 'read',
    options: '-LftqsxFn -c=text -t --dereference --file-system --cached=text --format=text --printf=text --terse',
    operands: 'look*',
  },
  file: {
    does: 'read',
    options:
      '-bciIkLhNnpPrsSvzZ0dEe -F=text -m=read -f=read --brief --mime --mime-type --mime-encoding --dereference --no-dereference --keep-going --raw --separator=text --special-files --uncompress --print0 --extension --apple',
    operands: 'read*',
  },
  du: {
    does: 'read',
    options:
      '-aAbcDHhkLlmPsSx0g -B=text -d=text -t=text -X=read --null --all --apparent-size --block-size=text --bytes --total --dereference-args --max-depth=text --files0-from=read --human-readable --inodes --dereference --count-links --no-dereference --separate-dirs --si --summarize --threshold=text --time?text --time-style=text --exclude-from=read --exclude=text --one-file-system',
    operands: 'look*',
  },
  df: {
    does: 'read',
    options:
      '-aBhHiklmPTvgtY -B=text -t=text -x=text --all --block-size=text --human-readable --si --inodes --local --no-sync --output?text --portability --sync --total --type=text --print-type --exclude-type=text',
    operands: 'look*',
  },
  basename: { does: 'read', options: '-az -s=text --multiple --suffix=text --zero', operands: 'text*' },
  dirname: { does: 'read', options: '-z --zero', operands: 'text*' },
  readlink: {
    does: 'read',
    options:
      '-femnqsvz --canonicalize --canonicalize-existing --canonicalize-missing --no-newline --quiet --silent --verbose --zero',
    operands: 'look*',
  },
  realpath: {
    does: 'read',
    options:
      '-emLPqsz --canonicalize-existing --canonicalize-missing --logical --physical --quiet --relative-to=look --relative-base=look --strip --no-symlinks --zero',
    operands: 'look*',
  },
  which: { does: 'read', options: '-as --all', operands: 'text*' },
  whereis: { does: 'read', options: '-bmsul', operands: 'text*' },
  whatis: { does: 'read', operands: 'text*' },
  apropos: { does: 'read', options: '-aelrsw', operands: 'text*' },
  locate: {
    does: 'read',
    options:
      '-abceiLqwr0 -d=read -l=text -n=text --basename --count --existing --ignore-case --limit=text --null --regex',
    operands: 'text*',
  },
  ps: {
    does: 'read',
    options:
      '-AadefFHjlLMmNTVwyZcSrx -C=text -G=text -g=text -o=text -O=text -p=text -q=text -s=text -t=text -u=text -U=text -k=text -n=text --Group=text --User=text --cols=text --columns=text --cumulative --deselect --forest --format=text --group=text --headers --lines=text --no-headers --no-heading --pid=text --ppid=text --quick-pid=text --rows=text --sid=text --sort=text --tty=text --user=text --width=text',
    operands: 'text*',
  },
  pgrep: {
    does: 'read',
    options:
      '-lafoncvxiLwqA -d=text -F=read -g=text -G=text -P=text -r=text -s=text -t=text -u=text -U=text --list-name --list-full --full --newest --oldest --count --exact --ignore-case --inverse --parent=text --uid=text --euid=text --delimiter=text --lightweight --older=text --ns=text --nslist=text',
    operands: 'text*',
  },
  pidof: { does: 'read', options: '-sqcxz -S=text -o=text', operands: 'text*' },
  pstree: { does: 'read', options: '-aAcgGhlnNpsStTuUZ -H=text --arguments --show-pids --long', operands: 'text*' },
  top: {
    does: 'read',
    options: '-bcHiSs1 -d=text -n=text -o=text -O -p=text -u=text -U=text -w?text -e=text -E=text -l=text',
  },
  pwdx: { does: 'read', operands: 'text*' },
  pmap: { does: 'read', options: '-xXdqp', operands: 'text*' },
  lsof: {
    does: 'read',
    options:
      '-abClnNoOPRtUvVwX0 -c=text -d=text -F?text -g?text -i?text -p=text -r?text -s?text -u=text +D=look +d=look',
    operands: 'look*',
  },
  fuser: {
    does: 'read',
    options: '-almuv46 -n=text --all --mount --user --verbose --namespace=text',
    operands: 'look*',
  },
  free: {
    does: 'read',
    options:
      '-bkmghltwv -s=text -c=text --bytes --kilo --mega --giga --human --si --total --wide --lohi --count=text --seconds=text',
  },
  uptime: { does: 'read', options: '-ps --pretty --since' },
  vmstat: {
    does: 'read',
    options: '-afmnstwd -S=text -p=text --active --stats --disk --wide --timestamp',
    operands: 'text text',
  },
  iostat: { does: 'read', options: '-cdhkmNstxyzp', operands: 'text*' },
  mpstat: { does: 'read', options: '-AnuV -P=text -I=text', operands: 'text*' },
  sar: { does: 'read', options: '-ABbdFHhqrRSuvWwy -n=text -P=text -f=read -s=text -e=text', operands: 'text*' },
  nproc: { does: 'read', options: '--all --ignore=text', output: 'digits' },
  arch: { does: 'read' },
  uname: {
    does: 'read',
    options:
      '-asnrvmpio --all --kernel-name --nodename --kernel-release --kernel-version --machine --processor --hardware-platform --operating-system',
  },
  id: { does: 'read', options: '-agGnruzZ --group --groups --name --real --user --zero --context', operands: 'text*' },
  whoami: { does: 'read' },
  groups: { does: 'read', operands: 'text*' },
  logname: { does: 'read' },
  who: {
    does: 'read',
    options: '-abdHlmpqrsTtuw --all --boot --count --heading --ips --login --lookup --users',
    operands: 'read text text',
  },
  w: { does: 'read', options: '-hsfiou --no-header --short --from --ip-addr', operands: 'text' },
  users: { does: 'read' },
  last: {
    does: 'read',
    options: '-adFiRwx# -f=read -n=text -p=text -s=text -t=text --since=text --until=text --limit=text --fullnames',
    operands: 'text*',
  },
  lastlog: { does: 'read', options: '-t=text -u=text -b=text' },
  getent: { does: 'read', reader: 'opens', options: '-s=text -i', operands: 'text text*' },
  hostname: {
    does: 'read',
    options: '-adfiIsAy --all-fqdns --all-ip-addresses --fqdn --long --short --domain --ip-address',
  },
  domainname: { does: 'read' },
  tty: { does: 'read', options: '-s' },
  date: {
    does: 'read',
    reader: 'opens',
    options:
      '-uR -d=text -I?text -r=look -s=text!privilege -f=read -j --date=text --iso-8601?text --rfc-email --rfc-3339=text --reference=look --utc --universal --set=text!privilege --file=read --debug',
    operands: 'text',
    output: 'digits',
  },
  cal: { does: 'read', options: '-13jmsyY -A=text -B=text', operands: 'text*' },
  env: {
    does: 'read',
    reader: 'environment',
    options:
      '-i0v -u=text -C=look -S=opaque --ignore-environment --unset=text --chdir=look --null --split-string=opaque --debug',
  },
  printenv: { does: 'read', options: '-0 --null', operands: 'text*' },
  locale: { does: 'read', options: '-acCkmv --all-locales', operands: 'text*' },
  localectl: { does: 'read', subcommands: { status: { does: 'read' } }, bare: 'read' },
  lsblk: {
    does: 'read',
    options:
      '-abdDfilmnOpPrstSTJz -e=text -I=text -o=text -x=text --all --bytes --fs --json --list --output=text --paths --noheadings --raw --output-all',
    operands: 'look*',
  },
  lscpu: { does: 'read', options: '-abcexpJ --all --json --extended?text --parse?text' },
  lsmem: { does: 'read', options: '-aJ --all --json' },
  lsmod: { does: 'read' },
  modinfo: { does: 'read', options: '-adlpn -F=text --field=text', operands: 'text*' },
  lspci: { does: 'read', options: '-vknmtDx -s=text -d=text' },
  lsusb: { does: 'read', options: '-vt -s=text -d=text' },
  lsns: { does: 'read', options: '-Jlnpru -o=text -t=text --json' },
  lsipc: { does: 'read', options: '-mqsg' },
  lshw: { does: 'read', options: '-C=text -c=text %short %json %html %xml %businfo %sanitize %quiet %class=text' },
  dmidecode: { does: 'read', options: '-qu -s=text -t=text' },
  blkid: { does: 'read', options: '-ilp -o=text -s=text', operands: 'look*' },
  findmnt: {
    does: 'read',
    options: '-aAbcDefFiJklmnPrRsuv -o=text -t=text -T=look -S=text -M=text --json --df --target=look --output=text',
    operands: 'text*',
  },
  mountpoint: { does: 'read', options: '-dqx', operands: 'look' },
  dmesg: {
    does: 'read',
    options:
      '-dehHJkLPrtTuwWx -l=text -f=text -s=text -F=read --ctime --human --json --color?text --facility=text --level=text --kernel --reltime --nopager --since=text --until=text --follow --decode --time-format=text --file=read',
  },
  journalctl: {
    does: 'read',
    options:
      '-afemrqxkNo -b?text -c=text -D=read -F=text -g=text -i=read -M=text -n?text -o=text -p=text -S=text -t=text -u=text -U=text --after-cursor=text --all --boot?text --case-sensitive?text --catalog --cursor=text --disk-usage --dmesg --facility=text --field=text --file=read --follow --full --grep=text --header --identifier=text --lines?text --list-boots --list-catalog --merge --machine=text --no-full --no-hostname --no-pager --no-tail --output=text --output-fields=text --pager-end --priority=text --quiet --reverse --show-cursor --since=text --system --unit=text --until=text --user --user-unit=text --utc --verify --directory=read --rotate!destroy --vacuum-size=text!destroy --vacuum-time=text!destroy --vacuum-files=text!destroy --flush!change --sync!change --relinquish-var!change --setup-keys!privilege --cursor-file=write --update-catalog!change',
    operands: 'text*',
  },
  ss: {
    does: 'read',
    options:
      '-46abdeEHhiIlmMnNopPrsStTuvVwxzZ -A=text -f=text -N=text -F=read -K!destroy --all --listening --numeric --processes --tcp --udp --unix --summary --extended --options --memory --info --no-header --oneline --kill!destroy --family=text --query=text --filter=read',
    operands: 'text*',
  },
  netstat: {
    does: 'read',
    options:
      '-46aAbcCefFgilLMnNoprstuvwWxZ -I=text --all --listening --numeric --programs --tcp --udp --route --interfaces --statistics --numeric-ports',
    operands: 'text*',
  },
  ifconfig: { does: 'read', options: '-asv', operands: 'text' },
  arp: { does: 'read', options: '-aevnN -i=text', operands: 'text' },
  route: { does: 'read', options: '-nevFC46' },
  ulimit: { does: 'read' },
  sysctl: {
    does: 'read',
    reader: 'opens',
    options:
      '-aAbeNnqxr -w!privilege -p?text!privilege --all --names --values --pattern=text --write!privilege --system!privilege --load?text!privilege',
    operands: 'text*',
  },
  getfacl: { does: 'read', options: '-aceEsRLPtpn', operands: 'look*' },
  lsattr: { does: 'read', options: '-RVadlpv', operands: 'look*' },
  getcap: { does: 'read', options: '-rvn', operands: 'look*' },
  getenforce: { does: 'read' },
  sestatus: { does: 'read', options: '-bv' },
  apparmor_status: { does: 'read' },
  namei: { does: 'read', options: '-lmoxnv', operands: 'look*' },
  sleep: { does: 'chatter', operands: 'text*' },
  true: { does: 'chatter', operands: 'text*' },
  false: { does: 'chatter', operands: 'text*' },
  yes: { does: 'chatter', operands: 'text*' },
  seq: {
    does: 'chatter',
    options: '-w# -f=text -s=text --format=text --separator=text --equal-width',
    operands: 'text*',
    output: 'digits',
  },
  echo: { does: 'chatter', reader: 'output' },
  printf: { does: 'chatter', reader: 'output' },
  pwd: { does: 'chatter', reader: 'output' },
  test: { does: 'chatter', reader: 'output' },
  '[': { does: 'chatter', reader: 'output' },
  tput: { does: 'chatter', options: '-T=text -S', operands: 'text*' },
  clear: { does: 'chatter', options: '-x' },
  reset: { does: 'chatter' },
  stty: { does: 'chatter', options: '-agF', operands: 'text*', reader: 'opens' },
  expr: { does: 'chatter', operands: 'text*' },
  factor: { does: 'chatter', operands: 'text*' },
  md5sum: {
    does: 'read',
    options: '-bctwz --binary --check --text --tag --zero --quiet --status --warn --ignore-missing --strict',
    operands: 'read*',
  },
  sha1sum: {
    does: 'read',
    options: '-bctwz --binary --check --text --tag --zero --quiet --status --warn --ignore-missing --strict',
    operands: 'read*',
  },
  sha224sum: { does: 'read', options: '-bctwz --check --quiet --status', operands: 'read*' },
  sha256sum: {
    does: 'read',
    options: '-bctwz --binary --check --text --tag --zero --quiet --status --warn --ignore-missing --strict',
    operands: 'read*',
  },
  sha384sum: { does: 'read', options: '-bctwz --check --quiet --status', operands: 'read*' },
  sha512sum: {
    does: 'read',
    options: '-bctwz --binary --check --text --tag --zero --quiet --status --warn --ignore-missing --strict',
    operands: 'read*',
  },
  b2sum: { does: 'read', options: '-bctwz -l=text --check --quiet', operands: 'read*' },
  shasum: { does: 'read', options: '-bctpUw -a=text --algorithm=text --check --quiet --status', operands: 'read*' },
  cksum: { does: 'read', options: '-a=text --algorithm=text', operands: 'read*' },
  sum: { does: 'read', options: '-rs', operands: 'read*' },
  lsb_release: { does: 'read', options: '-aicdrs --all --id --codename --description --release --short' },
  uuidgen: { does: 'read', options: '-rt' },
  runlevel: { does: 'read' },
  crontab: {
    does: 'read',
    options: '-l -e!privilege -r!privilege -i!privilege -u=text!privilege',
    operands: 'read',
    reader: 'opens',
  },
  atq: { does: 'read', options: '-q=text' },
  getconf: { does: 'read', options: '-a', operands: 'text*' },
  ldd: { does: 'opaque', because: 'it may run the file that it looks at', operands: 'read*' },
  nm: { does: 'read', options: '-aACDglnoprSuv', operands: 'read*' },
  size: { does: 'read', operands: 'read*' },
  readelf: { does: 'read', options: '-aAdehIlnrsSuVW', operands: 'read*' },
  objdump: { does: 'read', options: '-aCdDfghlprRsStTwxz -M=text -j=text', operands: 'read*' },
};
