/** Programs that run another one, shells, and interpreters. */
import type { Program, Programs } from '../program.ts';

const shell: Program = { does: 'chatter', reader: 'shell' };
const interpreter: Program = { does: 'read', reader: 'interpreter' };
const wraps = (options: string, leading = 0): Program => ({ does: 'chatter', reader: 'wrapper', options, leading });
const root = (because: string): Program => ({ does: 'privilege', because, reader: 'opens', operands: 'text*' });

export const wrapperPrograms: Programs = {
  sh: shell,
  bash: shell,
  dash: shell,
  ash: shell,
  ksh: shell,
  mksh: shell,
  zsh: shell,
  rbash: { does: 'opaque', because: 'it runs a restricted shell', reader: 'opens' },
  fish: { does: 'opaque', because: 'it runs a shell with another grammar', reader: 'opens' },
  csh: { does: 'opaque', because: 'it runs a shell with another grammar', reader: 'opens' },
  tcsh: { does: 'opaque', because: 'it runs a shell with another grammar', reader: 'opens' },
  pwsh: { does: 'opaque', because: 'it runs a shell with another grammar', reader: 'opens' },
  nu: { does: 'opaque', because: 'it runs a shell with another grammar', reader: 'opens' },
  nice: wraps('-# -n=text --adjustment=text'),
  ionice: wraps('-t -c=text -n=text -p=text -P=text --class=text --classdata=text --ignore'),
  chrt: wraps('-abfiomvrRd -p=text -T=text -P=text -D=text', 1),
  taskset: wraps('-ac -p=text --cpu-list', 1),
  numactl: wraps(
    '-alHs -C=text -N=text -m=text -i=text --cpunodebind=text --membind=text --interleave=text --physcpubind=text',
  ),
  timeout: wraps('-pfv -k=text -s=text --preserve-status --foreground --kill-after=text --signal=text --verbose', 1),
  time: wraps('-apvqV -f=text -o=write --append --format=text --output=write --portability --verbose'),
  stdbuf: wraps('-i=text -o=text -e=text --input=text --output=text --error=text'),
  // With `-p` its input is what is typed at the terminal that it makes.
  unbuffer: wraps('-p!opaque'),
  setsid: { ...wraps('-cfw --ctty --fork --wait'), does: 'privilege', because: 'it leaves something running' },
  nohup: { ...wraps(''), does: 'privilege', because: 'it leaves something running' },
  prlimit: wraps('-v -n=text -c=text -u=text --nofile=text --as=text --core=text --cpu=text --nproc=text'),
  'systemd-inhibit': wraps('--what=text --who=text --why=text --mode=text'),
  'systemd-cat': wraps('-t=text -p=text --identifier=text --priority=text'),
  eatmydata: wraps(''),
  fakeroot: wraps(''),
  catchsegv: wraps(''),
  flock: {
    does: 'change',
    reader: 'locker',
    options:
      '-ensuxoFv -w=text -E=text -c=shell --nonblock --exclusive --shared --unlock --close --wait=text --timeout=text --conflict-exit-code=text --command=shell --no-fork',
    leading: 1,
  },
  watch: {
    does: 'chatter',
    reader: 'watch',
    options:
      '-bcdegptwx -n=text -d?text -q=text --interval=text --differences?text --no-title --color --precise --exec --beep --errexit --chgexit',
  },
  xargs: {
    does: 'chatter',
    reader: 'xargs',
    options:
      '-0orptx -a=read -d=text -E=text -e?text -I=text -i?text -L=text -l?text -n=text -P=text -s=text -R=text -J=text -S=text --null --arg-file=read --delimiter=text --eof?text --replace?text --max-lines?text --max-args=text --max-procs=text --interactive --no-run-if-empty --max-chars=text --verbose --exit --open-tty --process-slot-var=text',
  },
  parallel: { does: 'opaque', because: 'it puts commands together', reader: 'opens' },
  entr: { does: 'opaque', because: 'it runs something whenever files change', reader: 'opens' },
  busybox: { does: 'chatter', reader: 'applets', options: '--list --list-full' },
  toybox: { does: 'chatter', reader: 'applets', options: '--list --list-full' },
  script: { does: 'opaque', because: 'it opens a shell', reader: 'opens' },
  sudo: {
    does: 'privilege',
    because: 'it runs something as another user',
    reader: 'privileged',
    options:
      '-AbeEHiKklnPSsVv -C=text -D=look -g=text -h=opaque -p=text -R=opaque -r=text -T=text -t=text -U=text -u=text --askpass --background --preserve-env?text --edit --group=text --set-home --login --remove-timestamp --reset-timestamp --list --non-interactive --preserve-groups --prompt=text --chroot=opaque --role=text --stdin --shell --type=text --command-timeout=text --other-user=text --user=text --validate --host=opaque --chdir=look',
  },
  doas: {
    does: 'privilege',
    because: 'it runs something as another user',
    reader: 'privileged',
    options: '-Lns -C=read -u=text -a=text',
  },
  pkexec: {
    does: 'privilege',
    because: 'it runs something as another user',
    reader: 'privileged',
    options: '--user=text --disable-internal-agent --keep-cwd',
  },
  run0: {
    does: 'privilege',
    because: 'it runs something as another user',
    reader: 'privileged',
    options: '-u=text --user=text',
  },
  gosu: { does: 'privilege', because: 'it runs something as another user', reader: 'wrapper', options: '', leading: 1 },
  setpriv: root('it changes rights'),
  su: {
    does: 'privilege',
    because: 'it becomes another user',
    options:
      '-flmpP -c=shell -s=opaque -g=text -G=text -w=text --command=shell --shell=opaque --login --preserve-environment --pty',
    reader: 'opens',
    operands: 'text*',
  },
  runuser: {
    does: 'privilege',
    because: 'it becomes another user',
    options: '-flmpP -u=text -c=shell -s=opaque -g=text -G=text --command=shell --login',
    reader: 'opens',
    operands: 'text*',
  },
  sg: root('it becomes a member of another group'),
  login: root('it signs somebody in'),
  machinectl: root('it enters a container'),
  chroot: root('it changes the root folder'),
  unshare: root('it leaves its namespaces'),
  nsenter: root('it enters namespaces'),
  firejail: root('it changes what a program sees'),
  bwrap: root('it changes what a program sees'),
  capsh: root('it changes rights'),
  python: interpreter,
  python2: interpreter,
  python3: interpreter,
  perl: interpreter,
  ruby: interpreter,
  node: interpreter,
  nodejs: interpreter,
  php: interpreter,
  lua: interpreter,
  java: interpreter,
  Rscript: interpreter,
  tclsh: interpreter,
  osascript: interpreter,
  m4: interpreter,
};
