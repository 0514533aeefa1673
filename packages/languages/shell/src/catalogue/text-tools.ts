/** Programs that read texts and put out others. */
import type { Programs } from '../program.ts';

const grepOptions =
  '-EFGPivwxcLlqsbHhnoTUZzarRIyuV -e=text -f=read -m=text -A=text -B=text -C=text -D=text -d=text -# --extended-regexp --fixed-strings --basic-regexp --perl-regexp --regexp=text --file=read --ignore-case --no-ignore-case --invert-match --word-regexp --line-regexp --count --color?text --colour?text --files-without-match --files-with-matches --max-count=text --only-matching --quiet --silent --no-messages --byte-offset --with-filename --no-filename --label=text --line-number --initial-tab --null --after-context=text --before-context=text --context=text --text --binary-files=text --devices=text --directories=text --exclude=text --exclude-from=read --exclude-dir=text --include=text --recursive --dereference-recursive --line-buffered --binary --null-data';

export const textPrograms: Programs = {
  cat: {
    does: 'read',
    options:
      '-AbeEnstTuv --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting',
    operands: 'read*',
    reader: 'output',
  },
  tac: { does: 'read', options: '-br -s=text --separator=text', operands: 'read*' },
  nl: {
    does: 'read',
    options: '-p -b=text -d=text -f=text -h=text -i=text -l=text -n=text -s=text -v=text -w=text',
    operands: 'read*',
  },
  head: {
    does: 'read',
    options: '-qvz# -c=text -n=text --bytes=text --lines=text --quiet --silent --verbose --zero-terminated',
    operands: 'read*',
  },
  tail: {
    does: 'read',
    options:
      '-fFqrvz# -c=text -n=text -s=text --bytes=text --lines=text --follow?text --quiet --silent --verbose --retry --pid=text --sleep-interval=text --zero-terminated --max-unchanged-stats=text',
    operands: 'read*',
  },
  more: { does: 'read', options: '-dflpcsu# -n=text', operands: 'read*' },
  less: { does: 'opaque', because: 'it can run commands from inside', operands: 'read*' },
  wc: {
    does: 'read',
    options: '-clLmw --bytes --chars --lines --max-line-length --words --files0-from=read --total=text',
    operands: 'read*',
    output: 'digits',
  },
  grep: { does: 'read', options: grepOptions, operands: 'text read*', instead: '-e -f --regexp --file' },
  egrep: { does: 'read', options: grepOptions, operands: 'text read*', instead: '-e -f --regexp --file' },
  fgrep: { does: 'read', options: grepOptions, operands: 'text read*', instead: '-e -f --regexp --file' },
  zgrep: { does: 'read', options: grepOptions, operands: 'text read*', instead: '-e -f --regexp --file' },
  zcat: { does: 'read', options: '-fhLlqrtvV', operands: 'read*' },
  bzcat: { does: 'read', options: '-sq', operands: 'read*' },
  xzcat: { does: 'read', options: '-fqv', operands: 'read*' },
  zstdcat: { does: 'read', options: '-fqv', operands: 'read*' },
  rg: {
    does: 'read',
    options:
      '-aFciLlnNoPpqSsUuvwxzH0I. -e=text -f=read -g=text -m=text -A=text -B=text -C=text -d=text -E=text -j=text -M=text -r=text -t=text -T=text --after-context=text --before-context=text --binary --block-buffered --byte-offset --case-sensitive --color=text --colors=text --column --context=text --count --count-matches --crlf --debug --dfa-size-limit=text --encoding=text --engine=text --file=read --files --files-with-matches --files-without-match --fixed-strings --follow --glob=text --glob-case-insensitive --heading --hidden --iglob=text --ignore-case --ignore-file=read --invert-match --json --line-buffered --line-number --line-regexp --max-columns=text --max-columns-preview --max-count=text --max-depth=text --max-filesize=text --mmap --multiline --multiline-dotall --no-config --no-filename --no-heading --no-ignore --no-ignore-dot --no-ignore-vcs --no-line-number --no-messages --no-mmap --no-require-git --null --null-data --one-file-system --only-matching --passthru --pcre2 --pretty --quiet --regex-size-limit=text --regexp=text --replace=text --search-zip --smart-case --sort=text --sortr=text --stats --text --threads=text --trim --type=text --type-add=text --type-list --type-not=text --unrestricted --vimgrep --with-filename --word-regexp --pre=opaque --pre-glob=text --hostname-bin=opaque',
    operands: 'text read*',
    instead: '-e -f --regexp --file --files --type-list',
  },
  ag: {
    does: 'read',
    options:
      '-aAcfgGhHilLnoQrRsStuUvwz0 -A=text -B=text -C=text -m=text --ignore=text --hidden --nocolor --nogroup --pager=opaque',
    operands: 'text read*',
  },
  ack: {
    does: 'read',
    options: '-aciflnoQrRsvwxh -A=text -B=text -C=text -m=text --pager=opaque --nocolor --type=text',
    operands: 'text read*',
  },
  sort: {
    does: 'read',
    options:
      '-bdfghiMnRrVcCmsuz -k=text -t=text -S=text -T=look -o=write --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort --human-numeric-sort --ignore-nonprinting --month-sort --numeric-sort --random-sort --random-source=read --reverse --sort=text --version-sort --batch-size=text --check?text --debug --files0-from=opaque --key=text --merge --stable --buffer-size=text --field-separator=text --temporary-directory=look --parallel=text --unique --zero-terminated --output=write --compress-program=opaque',
    operands: 'read*',
  },
  uniq: {
    does: 'read',
    options:
      '-cdDiuz -f=text -s=text -w=text --count --repeated --all-repeated?text --skip-fields=text --group?text --ignore-case --skip-chars=text --unique --zero-terminated --check-chars=text',
    operands: 'read write',
  },
  cut: {
    does: 'read',
    options:
      '-nsz -b=text -c=text -d=text -f=text --bytes=text --characters=text --delimiter=text --fields=text --complement --only-delimited --output-delimiter=text --zero-terminated',
    operands: 'read*',
  },
  paste: { does: 'read', options: '-sz -d=text --delimiters=text --serial --zero-terminated', operands: 'read*' },
  join: {
    does: 'read',
    options:
      '-iz -a=text -e=text -j=text -o=text -t=text -v=text -1=text -2=text --ignore-case --check-order --nocheck-order --header',
    operands: 'read read',
  },
  comm: {
    does: 'read',
    options: '-123z --check-order --nocheck-order --output-delimiter=text --total',
    operands: 'read read',
  },
  tr: {
    does: 'read',
    options: '-cCdst --complement --delete --squeeze-repeats --truncate-set1',
    operands: 'text text',
  },
  rev: { does: 'read', operands: 'read*' },
  fold: { does: 'read', options: '-bs# -w=text --bytes --spaces --width=text', operands: 'read*' },
  fmt: { does: 'read', options: '-cstu# -p=text -w=text -g=text', operands: 'read*' },
  column: {
    does: 'read',
    options:
      '-detxnrJ -c=text -s=text -o=text -N=text -R=text -T=text -E=text -H=text -O=text -W=text --table --separator=text --json --output-separator=text',
    operands: 'read*',
  },
  expand: { does: 'read', options: '-i -t=text --tabs=text', operands: 'read*' },
  unexpand: { does: 'read', options: '-a -t=text', operands: 'read*' },
  pr: { does: 'read', options: '-acdFJmrtT# -h=text -l=text -w=text -o=text', operands: 'read*' },
  shuf: {
    does: 'read',
    options:
      '-erz -i=text -n=text -o=write --echo --input-range=text --head-count=text --output=write --random-source=read --repeat --zero-terminated',
    operands: 'read*',
  },
  tsort: { does: 'read', operands: 'read' },
  strings: {
    does: 'read',
    options: '-afow# -n=text -t=text -e=text --all --bytes=text --radix=text --encoding=text',
    operands: 'read*',
  },
  od: {
    does: 'read',
    options:
      '-abcdfhiloxsv -A=text -j=text -N=text -t=text -w?text -S=text --address-radix=text --skip-bytes=text --read-bytes=text --format=text',
    operands: 'read*',
  },
  hexdump: { does: 'read', options: '-bcCdovx -e=text -f=read -n=text -s=text', operands: 'read*' },
  hd: { does: 'read', options: '-v -n=text -s=text', operands: 'read*' },
  xxd: {
    does: 'read',
    options: '-abeEipru -c=text -g=text -l=text -o=text -s=text',
    operands: 'read write',
    reader: 'base64',
  },
  base64: {
    does: 'read',
    options: '-diDhw -w=text -b=text --decode --ignore-garbage --wrap=text',
    operands: 'read',
    reader: 'base64',
  },
  base32: { does: 'read', options: '-di -w=text --decode --ignore-garbage --wrap=text', operands: 'read' },
  diff: {
    does: 'read',
    options:
      '-abBcdeEfHilnNpPqrstTuwWyZ# -C=text -D=text -F=text -I=text -L=text -S=text -U=text -W=text -x=text -X=read --brief --report-identical-files --context?text --unified?text --ed --rcs --side-by-side --width=text --left-column --suppress-common-lines --show-c-function --show-function-line=text --label=text --expand-tabs --initial-tab --tabsize=text --recursive --no-dereference --new-file --unidirectional-new-file --ignore-file-name-case --exclude=text --exclude-from=read --starting-file=text --from-file=read --to-file=read --ignore-case --ignore-tab-expansion --ignore-trailing-space --ignore-space-change --ignore-all-space --ignore-blank-lines --ignore-matching-lines=text --text --strip-trailing-cr --minimal --color?text',
    operands: 'read read',
  },
  cmp: {
    does: 'read',
    options: '-bls -i=text -n=text --print-bytes --verbose --quiet --silent',
    operands: 'read read text text',
  },
  jq: {
    does: 'read',
    options:
      '-acCeMnrRsSj -f=read -L=read --arg=text --compact-output --raw-output --raw-input --null-input --slurp --sort-keys --exit-status --color-output --monochrome-output --tab --indent=text --join-output --ascii-output --from-file=read --stream --seq',
    operands: 'text read*',
    instead: '-f --from-file',
  },
  yq: {
    does: 'read',
    reader: 'opens',
    options:
      '-CMejnNrPr -i!change -o=text -p=text -I=text --inplace!change --output-format=text --input-format=text --prettyPrint --exit-status --no-doc --null-input --raw-output --yaml-output',
    operands: 'text read*',
  },
  xmllint: {
    does: 'read',
    options: '--format --noout --xpath=text --html --recover --nonet --output=write',
    operands: 'read*',
  },
  sed: { does: 'read', reader: 'sed' },
  awk: { does: 'read', reader: 'awk' },
  gawk: { does: 'read', reader: 'awk' },
  mawk: { does: 'read', reader: 'awk' },
  nawk: { does: 'read', reader: 'awk' },
  man: {
    does: 'read',
    reader: 'opens',
    options:
      '-akfwWKV -s=text -S=text -M=opaque -P=opaque -H?opaque -C=opaque -E=text -L=text -p=opaque -T?opaque --apropos --whatis --where --where-cat --all --sections=text --pager=opaque --html?opaque --manpath=opaque --config-file=opaque --preprocessor=opaque --no-hyphenation --ditroff?opaque --troff?opaque',
    operands: 'text*',
  },
  info: {
    does: 'read',
    reader: 'opens',
    options: '-aOw -f=read -n=text -o=write --all --file=read --node=text --output=write --subnodes',
    operands: 'text*',
  },
  iconv: {
    does: 'read',
    options: '-clst -f=text -t=text -o=write --from-code=text --to-code=text --output=write',
    operands: 'read*',
  },
  dos2unix: { does: 'change', options: '-kq', operands: 'write*' },
  tee: { does: 'read', options: '-aipr --append --ignore-interrupts --output-error?text', operands: 'write*' },
  split: {
    does: 'create',
    options:
      '-dxe# -a=text -b=text -C=text -l=text -n=text --bytes=text --lines=text --number=text --suffix-length=text --numeric-suffixes?text --additional-suffix=text --filter=opaque --verbose',
    operands: 'read write',
  },
  csplit: {
    does: 'create',
    options: '-ksqz -b=text -f=write -n=text --prefix=write --digits=text',
    operands: 'read text*',
  },
  patch: {
    does: 'change',
    options:
      '-bcefFlnNRstTuZE -p=text -i=read -d=look -o=write -r=write --dry-run --input=read --strip=text --reverse --forward --backup --output=write --directory=look',
    operands: 'write read',
    reader: 'unpacks',
  },
  ts: { does: 'chatter', options: '-irsm', operands: 'text' },
  pv: { does: 'read', options: '-abeFfilLnpqrtTWc -N=text -s=text -L=text', operands: 'read*' },
  openssl: {
    does: 'read',
    bare: 'opaque',
    subcommands: {
      version: { does: 'read', options: '%a' },
      x509: {
        does: 'read',
        options:
          '%in=read %noout %text %subject %issuer %dates %enddate %startdate %fingerprint %sha256 %serial %checkend=text %inform=text %outform=text %ext=text %pubkey %modulus %out=write %nameopt=text %purpose %hash',
      },
      dgst: { does: 'read', options: '%sha256 %sha1 %md5 %sha512 %hex %r', operands: 'read*' },
      rand: { does: 'read', options: '%hex %base64', operands: 'text' },
      s_client: {
        does: 'send',
        options:
          '%connect=text %servername=text %showcerts %brief %tls1_2 %tls1_3 %CAfile=read %verify=text %starttls=text %quiet',
      },
      verify: { does: 'read', options: '%CAfile=read %CApath=read %untrusted=read %verbose', operands: 'read*' },
      crl: { does: 'read', options: '%in=read %noout %text' },
      req: { does: 'read', options: '%in=read %noout %text %subject %verify' },
    },
  },
};
