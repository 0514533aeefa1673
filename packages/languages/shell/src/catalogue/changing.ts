/** Programs that change files, services and the machine. */
import type { Programs } from '../program.ts';

const pack =
  '-cdfhklnNqrtvV# -S=text -b=text --stdout --to-stdout --decompress --uncompress --force --keep --list --name --no-name --quiet --recursive --test --verbose --fast --best --rsyncable --suffix=text';

const packedToOutput = '-c --stdout --to-stdout -l --list -t --test';

export const changingPrograms: Programs = {
  rm: {
    does: 'chatter',
    reader: 'remove',
    options:
      '-dfiIrRvPxW --force --interactive?text --one-file-system --no-preserve-root --preserve-root?text --recursive --dir --verbose',
  },
  rmdir: { does: 'chatter', options: '-pv --ignore-fail-on-non-empty --parents --verbose', operands: 'delete*' },
  unlink: { does: 'chatter', operands: 'delete' },
  shred: {
    does: 'destroy',
    because: 'it overwrites files',
    options: '-fuvxz -n=text -s=text --force --iterations=text --remove?text --verbose --zero --random-source=read',
    operands: 'ruin*',
  },
  mkdir: {
    does: 'chatter',
    options: '-pvZ -m=text --mode=text --parents --verbose --context?text',
    operands: 'create*',
    reader: 'mode',
  },
  mktemp: {
    does: 'create',
    options: '-dqtu -p=look --directory --dry-run --quiet --suffix=text --tmpdir?look',
    operands: 'create',
  },
  mkfifo: { does: 'create', options: '-m=text --mode=text', operands: 'create*' },
  mknod: { does: 'privilege', because: 'it makes a device', options: '-m=text', operands: 'create text*' },
  touch: {
    does: 'chatter',
    options:
      '-acfhm -d=text -r=look -t=text -A=text --no-create --date=text --no-dereference --reference=look --time=text',
    operands: 'append*',
  },
  cp: {
    does: 'change',
    reader: 'copy',
    options:
      '-abdfHiLlnpPrRsTuvxZacX -S=text -t=text --archive --attributes-only --backup?text --copy-contents --force --interactive --dereference --link --no-clobber --no-dereference --preserve?text --no-preserve=text --parents --recursive --reflink?text --remove-destination --sparse=text --strip-trailing-slashes --symbolic-link --suffix=text --target-directory=text --no-target-directory --update?text --verbose --one-file-system',
  },
  mv: {
    does: 'change',
    reader: 'copy',
    options:
      '-bfinTuvZ -S=text -t=text --backup?text --force --interactive --no-clobber --strip-trailing-slashes --suffix=text --target-directory=text --no-target-directory --update?text --verbose',
  },
  ln: {
    does: 'change',
    reader: 'copy',
    options:
      '-bdFfiLnPrsTv -S=text -t=text --backup?text --directory --force --interactive --logical --no-dereference --physical --relative --symbolic --suffix=text --target-directory=text --no-target-directory --verbose',
  },
  link: { does: 'change', operands: 'read create' },
  install: {
    does: 'change',
    reader: 'mode',
    options:
      '-bcCDdpsTv -g=text!privilege -m=text -o=text!privilege -S=text -t=write --mode=text --owner=text!privilege --group=text!privilege --directory --strip --strip-program=opaque --target-directory=write --verbose --preserve-timestamps',
    operands: 'read* write',
  },
  dd: { does: 'change', reader: 'dd' },
  truncate: {
    does: 'destroy',
    because: 'it cuts files off',
    options: '-co -s=text -r=look --no-create --io-blocks --reference=look --size=text',
    operands: 'write*',
  },
  fallocate: { does: 'change', options: '-cdinpxz -l=text -o=text', operands: 'write' },
  chmod: {
    does: 'change',
    reader: 'mode',
    options:
      '-cfRv --changes --silent --quiet --verbose --recursive --reference=look --preserve-root --no-preserve-root',
  },
  chown: {
    does: 'privilege',
    because: 'it changes owners',
    options: '-cfhHLPRv --changes --dereference --from=text --no-dereference --recursive --reference=look --verbose',
    operands: 'text write*',
  },
  chgrp: {
    does: 'privilege',
    because: 'it changes groups',
    options: '-cfhHLPRv --recursive --verbose --reference=look',
    operands: 'text write*',
  },
  chattr: {
    does: 'privilege',
    because: 'it changes attributes',
    options: '-RVf -aAcCdDeFijmPsStTux',
    operands: 'text write*',
  },
  setfacl: {
    does: 'privilege',
    because: 'it changes who may read or write',
    options: '-bkdRLPnt -m=text -x=text -M=read -X=read',
    operands: 'write*',
  },
  setcap: { does: 'privilege', because: 'it gives a program rights', options: '-qrvn', operands: 'text write*' },
  gzip: { does: 'change', readsWith: packedToOutput, options: pack, operands: 'write*' },
  gunzip: { does: 'change', readsWith: packedToOutput, options: pack, operands: 'write*' },
  bzip2: { does: 'change', readsWith: packedToOutput, options: pack, operands: 'write*' },
  bunzip2: { does: 'change', readsWith: packedToOutput, options: pack, operands: 'write*' },
  xz: { does: 'change', readsWith: packedToOutput, options: `${pack} -ez -T=text --threads=text`, operands: 'write*' },
  unxz: { does: 'change', readsWith: packedToOutput, options: pack, operands: 'write*' },
  zstd: {
    does: 'change',
    readsWith: packedToOutput,
    options: `${pack} -o=write -T=text --rm --ultra`,
    operands: 'write*',
  },
  zip: { does: 'change', options: '-rqv9j# -x=text -i=text', operands: 'write read*' },
  unzip: {
    does: 'change',
    readsWith: '-l -t -p -v',
    options: '-lopqtvnjaC -d=write -x=text -P=secret',
    operands: 'read text*',
    reader: 'unpacks',
  },
  tar: { does: 'read', reader: 'tar' },
  gtar: { does: 'read', reader: 'tar' },
  cpio: {
    does: 'change',
    options:
      '-idmtuvopB -H=text -D=write -F=read --extract --list --make-directories --quiet --preserve-modification-time',
    operands: 'text*',
    reader: 'unpacks',
  },
  find: { does: 'read', reader: 'find' },
  fd: {
    does: 'read',
    options:
      '-HIuspgaLl0F -t=text -e=text -d=text -E=text -S=text -c=text -x=opaque -X=opaque --hidden --no-ignore --absolute-path --type=text --extension=text --max-depth=text --exclude=text --exec=opaque --exec-batch=opaque',
    operands: 'text look*',
    output: 'paths',
  },
  kill: { does: 'change', reader: 'kill' },
  pkill: {
    does: 'destroy',
    because: 'it ends every process of a kind',
    options:
      '-# -efxnoilaKHTINUSRQ -u=text -U=text -P=text -g=text -t=text -s=text --signal=text --full --exact --newest --oldest',
    operands: 'text*',
  },
  killall: {
    does: 'destroy',
    because: 'it ends every process of a kind',
    options: '-# -eIgiqrvwKHTINUSRQ -s=text -u=text -o=text -y=text --signal=text',
    operands: 'text*',
  },
  renice: { does: 'change', options: '-n=text -p=text -g=text -u=text', operands: 'text*' },
  logger: {
    does: 'change',
    options: '-is -t=text -p=text -n=text -P=text --tag=text --priority=text',
    operands: 'text*',
  },
  wall: { does: 'change', options: '-n -t=text -g=text', operands: 'text*' },
  sync: { does: 'change', options: '-df', operands: 'look*' },
  umount: {
    does: 'privilege',
    because: 'it takes away a file system',
    options: '-aflnrv -t=text -O=text',
    operands: 'look*',
  },
  mount: {
    does: 'read',
    reader: 'opens',
    options:
      '-l -v -a!privilege -o=text!privilege -t=text -r!privilege -w!privilege -B!privilege --bind!privilege --show-labels',
    operands: 'look look',
  },
  swapoff: { does: 'privilege', because: 'it changes the machine', options: '-a', operands: 'look*' },
  swapon: { does: 'privilege', because: 'it changes the machine', options: '-a --show', operands: 'look*' },
  mkfs: { does: 'destroy', because: 'it makes a file system anew', options: '-t=text -V', operands: 'ruin*' },
  'mkfs.ext4': { does: 'destroy', because: 'it makes a file system anew', options: '-FLqT -L=text', operands: 'ruin*' },
  'mkfs.xfs': { does: 'destroy', because: 'it makes a file system anew', options: '-f -L=text', operands: 'ruin*' },
  mkswap: { does: 'destroy', because: 'it makes a swap space anew', options: '-f', operands: 'ruin*' },
  wipefs: { does: 'destroy', because: 'it wipes a disk', options: '-afn --all --force --no-act', operands: 'ruin*' },
  blkdiscard: { does: 'destroy', because: 'it wipes a disk', options: '-fsvz', operands: 'ruin*' },
  fdisk: { does: 'privilege', because: 'it changes partitions', options: '-l --list', operands: 'look*' },
  parted: {
    does: 'privilege',
    because: 'it changes partitions',
    options: '-ls --list --script',
    operands: 'look text*',
  },
  sfdisk: { does: 'privilege', because: 'it changes partitions', options: '-ld --list --dump', operands: 'look*' },
  cryptsetup: { does: 'privilege', because: 'it changes encrypted disks', options: '-qv', operands: 'text*' },
  lvremove: { does: 'destroy', because: 'it removes a volume', options: '-fy', operands: 'text*' },
  vgremove: { does: 'destroy', because: 'it removes a volume group', options: '-fy', operands: 'text*' },
  pvremove: { does: 'destroy', because: 'it removes a volume', options: '-fy', operands: 'text*' },
  fstrim: { does: 'change', options: '-av', operands: 'look*' },
  logrotate: { does: 'opaque', because: 'it runs what its file says', options: '-df', operands: 'read*' },
  shutdown: { does: 'destroy', because: 'it stops the machine', options: '-achHPrk', operands: 'text*' },
  reboot: { does: 'destroy', because: 'it stops the machine', options: '-fpwdn' },
  poweroff: { does: 'destroy', because: 'it stops the machine', options: '-fpwdn' },
  halt: { does: 'destroy', because: 'it stops the machine', options: '-fpwdn' },
  init: { does: 'destroy', because: 'it stops the machine', operands: 'text' },
  telinit: { does: 'destroy', because: 'it stops the machine', operands: 'text' },
};
