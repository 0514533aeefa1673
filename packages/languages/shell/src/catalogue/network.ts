/** Programs that talk to other machines. */
import type { Program, Programs } from '../program.ts';

const ssh =
  '-46AaCfGgKkMNnqsTtVvXxYy -B=text -b=text -c=text -D=text!privilege -E=write -e=text -F=opaque -I=opaque -i=read -J=text!privilege -L=text!privilege -l=text -m=text -O=text -o=text -p=text -Q=text -R=text!privilege -S=opaque -W=text!privilege -w=text!privilege';

const hop: Program = { does: 'privilege', because: 'it reaches another machine', reader: 'remote-shell', options: ssh };

export const networkPrograms: Programs = {
  ssh: hop,
  autossh: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  mosh: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  sshpass: {
    does: 'privilege',
    because: 'it reaches another machine',
    reader: 'wrapper',
    options: '-p=secret -f=read -d=text -e -P=text -v',
    leading: 0,
  },
  telnet: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  ftp: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  sftp: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  lftp: { does: 'privilege', because: 'it reaches another machine', reader: 'opens', operands: 'text*' },
  scp: { does: 'chatter', reader: 'remote-copy' },
  rsync: { does: 'chatter', reader: 'synchronise' },
  'sftp-server': { does: 'change', because: 'it serves files', reader: 'copy-server' },
  'git-upload-pack': {
    does: 'read',
    options: '--strict --no-strict --timeout=text --stateless-rpc --advertise-refs --http-backend-info-refs',
    operands: 'read',
  },
  'git-upload-archive': { does: 'read', operands: 'read' },
  'git-receive-pack': {
    does: 'change',
    options: '--stateless-rpc --advertise-refs --http-backend-info-refs',
    operands: 'write',
  },
  curl: { does: 'chatter', reader: 'fetch' },
  wget: { does: 'chatter', reader: 'fetch' },
  http: {
    does: 'send',
    options: '-bdhvj --body --headers --json --form --ignore-stdin -o=write --output=write',
    operands: 'text*',
  },
  ping: {
    does: 'read',
    options:
      '-46AaBbDfnOqRrUvL -c=text -F=text -i=text -I=text -l=text -m=text -M=text -p=text -Q=text -s=text -S=text -t=text -T=text -w=text -W=text',
    operands: 'text',
    reader: 'opens',
  },
  ping6: {
    does: 'read',
    options: '-nq -c=text -i=text -I=text -s=text -W=text -w=text',
    operands: 'text',
    reader: 'opens',
  },
  traceroute: {
    does: 'read',
    options: '-46dFInrvTUA -f=text -m=text -p=text -q=text -w=text',
    operands: 'text text',
    reader: 'opens',
  },
  tracepath: { does: 'read', options: '-46nb -m=text', operands: 'text', reader: 'opens' },
  mtr: {
    does: 'read',
    options: '-46bnrwtTu -c=text -i=text --report --no-dns --report-wide --report-cycles=text',
    operands: 'text',
    reader: 'opens',
  },
  dig: {
    does: 'read',
    options:
      '-46rumv -b=text -c=text -f=opaque -p=text -q=text -t=text -x=text +short +trace +noall +answer +norecurse +tcp +dnssec +stats +nocmd +nostats',
    operands: 'text*',
    reader: 'opens',
  },
  host: {
    does: 'read',
    options: '-aCdlnrsTvVw46 -c=text -m=text -N=text -R=text -t=text -W=text',
    operands: 'text text',
    reader: 'opens',
  },
  nslookup: { does: 'read', options: '%type=text %query=text %debug', operands: 'text*', reader: 'opens' },
  whois: { does: 'read', options: '-H -h=text -p=text', operands: 'text*', reader: 'opens' },
  resolvectl: {
    does: 'read',
    bare: 'read',
    subcommands: {
      status: { does: 'read', operands: 'text*' },
      query: { does: 'read', operands: 'text*' },
      statistics: { does: 'read' },
      dns: { does: 'read' },
    },
  },
  nc: {
    does: 'send',
    options:
      '-46CDdhknrStUuvz -i=text -I=text -M=text -m=text -O=text -P=text -p=text -q=text -s=text -T=text -V=text -w=text -X=text!privilege -x=text!privilege -l!privilege -e=opaque -c=opaque -N',
    operands: 'text text',
    reader: 'opens',
  },
  ncat: {
    does: 'send',
    options: '-46Cnuvz -w=text -l!privilege -k -e=opaque -c=opaque --exec=opaque --sh-exec=opaque --lua-exec=opaque',
    operands: 'text text',
    reader: 'opens',
  },
  netcat: {
    does: 'send',
    options: '-46nuvz -w=text -l!privilege -e=opaque -c=opaque',
    operands: 'text text',
    reader: 'opens',
  },
  nmap: {
    does: 'send',
    options: '-46AFnPvOR -p=text -s=text -T=text -o=write --script=opaque --open',
    operands: 'text*',
    reader: 'opens',
  },
  tcpdump: { does: 'privilege', because: 'it listens to the network', reader: 'opens', operands: 'text*' },
  tshark: { does: 'privilege', because: 'it listens to the network', reader: 'opens', operands: 'text*' },
  mail: { does: 'send', reader: 'opens', operands: 'text*' },
  mailx: { does: 'send', reader: 'opens', operands: 'text*' },
  sendmail: { does: 'send', reader: 'opens', operands: 'text*' },
  gpg: {
    does: 'privilege',
    because: 'it uses or changes keys',
    options: '--list-keys --fingerprint -k',
    reader: 'opens',
    operands: 'text*',
  },
  aws: { does: 'opaque', because: 'it reaches a cloud account', reader: 'opens', operands: 'text*' },
  gcloud: { does: 'opaque', because: 'it reaches a cloud account', reader: 'opens', operands: 'text*' },
  az: { does: 'opaque', because: 'it reaches a cloud account', reader: 'opens', operands: 'text*' },
};
