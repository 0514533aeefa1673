/** curl and wget: what they fetch, what they send, where the answer goes. */
import { type Abstract, known, knownText, unknown } from '../abstract.ts';
import type { Call, Reader } from '../call.ts';
import { type Arguments, readArguments } from '../options.ts';
import { optionRules } from '../program.ts';

const curlOptions = optionRules(
  '-0123468aBfgGiIjJklLMnNOqRsSvZ# -A=text -b=text -c=write -C=text -d=text -D=write -e=text -E=read -F=text -H=text -K=opaque -m=text -o=write -P=opaque -Q=opaque -r=text -t=opaque -T=text -u=secret -U=secret -w=text -x=text!privilege -X=text -y=text -Y=text -z=text --append --anyauth --basic --cacert=read --capath=read --cert=read --cert-type=text --key=read --key-type=text --pass=secret --ciphers=text --compressed --connect-timeout=text --connect-to=text!privilege --continue-at=text --cookie=text --cookie-jar=write --create-dirs --data=text --data-ascii=text --data-binary=text --data-raw=text --data-urlencode=text --digest --dump-header=write --etag-compare=read --etag-save=write --expect100-timeout=text --fail --fail-early --fail-with-body --form=text --form-string=text --get --globoff --head --header=text --http0.9 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3 --include --insecure --interface=text --ipv4 --ipv6 --json=text --keepalive-time=text --limit-rate=text --location --location-trusted --max-filesize=text --max-redirs=text --max-time=text --negotiate --netrc --netrc-file=read --netrc-optional --no-buffer --no-keepalive --no-progress-meter --noproxy=text --oauth2-bearer=secret --output=write --output-dir=look --parallel --path-as-is --proto=text --proto-default=text --proto-redir=text --proxy=text!privilege --range=text --raw --referer=text --remote-name --remote-name-all --remote-header-name --remote-time --request=text --request-target=text --resolve=text!privilege --retry=text --retry-all-errors --retry-connrefused --retry-delay=text --retry-max-time=text --show-error --silent --ssl --ssl-reqd --stderr=write --tcp-nodelay --tls-max=text --tlsv1.2 --tlsv1.3 --trace=write --trace-ascii=write --trace-time --unix-socket=text!privilege --upload-file=text --url=url --user=secret --user-agent=text --verbose --write-out=text --progress-bar --aws-sigv4=text --hsts=write --http1.1 --location-mode=text',
);
const wgetOptions = optionRules(
  '-bcdEFhHkKLmNnpqrSvVx46 -a=append -A=text -B=text -D=text -e=opaque -i=opaque -I=text -l=text -o=write -O=write -P=look -Q=text -R=text -t=text -T=text -U=text -w=text -X=text --background --ca-certificate=read --certificate=read --private-key=read --content-disposition --continue --convert-links --cut-dirs=text --debug --directory-prefix=look --dns-timeout=text --connect-timeout=text --read-timeout=text --execute=opaque --config=opaque --use-askpass=opaque --force-directories --header=text --http-user=text --http-password=secret --user=text --password=secret --input-file=opaque --inet4-only --inet6-only --level=text --limit-rate=text --load-cookies=read --save-cookies=write --max-redirect=text --method=text --body-data=text --body-file=read --mirror --no-cache --no-check-certificate --no-clobber --no-directories --no-host-directories --no-parent --no-proxy --no-verbose --output-document=write --output-file=write --append-output=append --page-requisites --post-data=text --post-file=read --progress=text --quiet --quota=text --recursive --reject=text --accept=text --retry-connrefused --server-response --show-progress --span-hosts --spider --timeout=text --timestamping --tries=text --user-agent=text --wait=text --waitretry=text --random-wait --trust-server-names --content-on-error --compression=text --https-only --secure-protocol=text --referer=text --hsts-file=write --unlink -nv -nc -nd -nH -np',
);

export const readFetch: Reader = (call) => {
  const { fields, name, shell, state } = call;
  const given = readArguments(fields, name === 'curl' ? curlOptions : wgetOptions, false);
  if (given.problem !== null) shell.incomplete(given.problem);
  const has = (...names: readonly string[]) => given.options.some((one) => names.includes(one.name));
  if (has('--version', '--help', '-V')) {
    shell.does('read');
    return unknown;
  }
  const urls: Abstract[] = given.operands.map((field) => (field.splits ? unknown : field.value));
  let sends = has('-d', '-F', '--data', '--json', '--form', '--post-data', '--post-file', '--body-data', '--body-file');
  for (const { name: option, rule, value } of given.options) {
    if (rule.does !== null) shell.does(rule.does);
    if (value === null) continue;
    if (rule.kind === 'url') urls.push(value);
    else if (option === '-X' || option === '--request' || option === '--method')
      sends ||= !/^(GET|HEAD|OPTIONS)$/.test(knownText(value) ?? '');
    else if (/^(-d|--data.*|-F|--form|--form-string|--json|-T|--upload-file)$/.test(option)) {
      sends ||= !has('-G', '--get') || !/^(-d|--data.*)$/.test(option);
      upload(option, value, call);
    } else if ((option === '-H' || option === '--header') && name === 'curl') {
      const text = knownText(value);
      if (text?.startsWith('@') === true) shell.path('read', known(text.slice(1)), state);
      else if (text === null) shell.incomplete('it sends something that is known at run time only');
    } else if (option === '-w' || option === '--write-out') {
      if (!/^(?!@)(?:(?!%output)[\s\S])*$/.test(knownText(value) ?? '%output'))
        shell.incomplete('it writes what a format says');
    } else if ((option === '-b' || option === '--cookie') && name === 'curl' && !/[=;]/.test(knownText(value) ?? ''))
      shell.path('read', value, state);
    else if (rule.kind === 'write' && knownText(value) === '-') continue;
    else shell.value(rule.kind, value, state);
  }
  if (has('-n', '--netrc', '--netrc-optional') && name === 'curl') shell.path('read', known('~/.netrc'), state);
  for (const url of urls) visit(url, sends, call);
  output(given, urls, call);
  return unknown;
};

/** `@file` and `name=@file` are files; of `-T` the value is one. */
function upload(option: string, value: Abstract, { shell, state }: Call): void {
  const text = knownText(value);
  if (text === null) shell.incomplete('it sends something that is known at run time only');
  else if (/^(-T|--upload-file)$/.test(option)) {
    if (text !== '-' && text !== '.') shell.path('read', value, state);
  } else if (/^(--data-raw|--form-string)$/.test(option)) return;
  else if (/^(-F|--form)$/.test(option)) {
    if (/;.*[@<]/s.test(text) || /=[@<].*,/s.test(text)) shell.incomplete('it sends several files');
    const file = /^[^=]*=[@<]([^;]*)/.exec(text)?.[1];
    if (file !== undefined && file !== '-') shell.path('read', known(file), state);
  } else {
    const file = /^(?:[^=@]*)@([\s\S]*)$/.exec(text)?.[1];
    if (file !== undefined && file !== '-') shell.path('read', known(file), state);
  }
}

/** Addresses under which clouds hand out credentials. */
const metadata =
  /^(169\.254\.\d+\.\d+|metadata\.google\.internal|metadata|\[fd00:ec2::254\]|100\.100\.100\.200|192\.0\.0\.192)$/;
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function visit(url: Abstract, sends: boolean, { shell, state, name }: Call): void {
  const text = knownText(url);
  if (text === null) {
    shell.does('send');
    shell.incomplete('the address is known at run time only');
    return;
  }
  const [, scheme = 'http', authority = '', path = ''] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)(.*)$/s.exec(text) ?? [];
  if (scheme.toLowerCase() === 'file') {
    shell.path('read', known(path), state);
    return;
  }
  const host = authority.replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();
  const plain =
    /^https?$/i.test(scheme) && !/[{}]/.test(text) && (/^[\w.-]+$/.test(host) || /^\[[0-9a-f:]+\]$/.test(host));
  const object = {
    type: 'other',
    schema: null,
    name: `${scheme.toLowerCase()}://${authority.replace(/^.*@/, '').toLowerCase()}`,
  } as const;
  if (!plain || metadata.test(host)) {
    shell.does('privilege', 'it reaches an address that gives out credentials, or by another protocol');
    shell.effect('copy-out', object);
  } else if (loopback.test(host) && !sends && name === 'curl') {
    shell.does('read');
    shell.effect('read', object);
    shell.facts.read(object);
  } else {
    shell.does('send');
    shell.effect(loopback.test(host) ? 'update' : 'copy-out', object);
    shell.facts.write(object);
  }
}

/** wget, and curl with `-O`, write a file that is named as the address is. */
function output(given: Arguments, urls: readonly Abstract[], { name, shell, state }: Call): void {
  const has = (...names: readonly string[]) => given.options.some((one) => names.includes(one.name));
  const named =
    name === 'curl' ? has('-O', '--remote-name', '--remote-name-all') : !has('-O', '--output-document', '--spider');
  if (!named) return;
  const folder =
    given.options.find((one) => /^(-P|--directory-prefix|--output-dir)$/.test(one.name))?.value ?? known('.');
  const base = knownText(folder);
  for (const url of urls) {
    const last = /^(?:[a-z]+:\/\/)?[^/?#]+\/(?:[^?#]*\/)?([^/?#]+)/i.exec(knownText(url) ?? '')?.[1] ?? 'index.html';
    const followed = has(
      '-r',
      '--recursive',
      '-m',
      '--mirror',
      '-J',
      '--remote-header-name',
      '--content-disposition',
      '-i',
      '--input-file',
    );
    shell.path(
      'write',
      base === null ? unknown : followed ? { type: 'pattern', pattern: `${base}/**` } : known(`${base}/${last}`),
      state,
    );
  }
}
