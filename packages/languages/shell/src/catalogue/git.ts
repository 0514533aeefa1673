/** Git by subcommand. Options that name a program, a file to write or a configuration are the sharp ones. */
import type { Program, Programs } from '../program.ts';

const diffOptions =
  '-pusRabwzBCDMWt0 -U?text -S=text -G=text -O=read -l=text -X?text --patch --no-patch --stat?text --numstat --shortstat --dirstat?text --summary --name-only --name-status --color?text --no-color --word-diff?text --check --full-index --binary --raw --abbrev?text --find-renames?text --find-copies?text --diff-filter=text --pickaxe-all --pickaxe-regex --relative?text --text --ignore-all-space --ignore-space-change --ignore-blank-lines --ignore-space-at-eol --exit-code --quiet --no-ext-diff --ext-diff!opaque --no-textconv --textconv!opaque --submodule?text --src-prefix=text --dst-prefix=text --no-prefix --minimal --patience --histogram --diff-algorithm=text --unified=text --output=write --cached --staged --merge-base --no-index --color-words?text --function-context --compact-summary --no-renames --ita-invisible-in-index -i -I=text';
const logOptions = `${diffOptions} -cgqE1# -n=text -L=text -F --oneline --graph --decorate?text --no-decorate --all --branches?text --tags?text --remotes?text --max-count=text --skip=text --since=text --after=text --until=text --before=text --author=text --committer=text --grep=text --all-match --invert-grep --merges --no-merges --first-parent --reverse --follow --pretty?text --format=text --date=text --abbrev-commit --no-abbrev-commit --show-signature --source --left-right --cherry-pick --cherry-mark --topo-order --date-order --walk-reflogs --simplify-by-decoration --parents --children --relative-date --no-walk?text --not --notes?text --stdin --full-history -m --dense --boundary --count`;

const read = (options: string, operands = 'text*'): Program => ({ does: 'read', options, operands });
const change = (options: string, operands = 'text*'): Program => ({ does: 'change', options, operands });

/** Subcommands that read files outside the repository when they are given their paths. */
const searching = (options: string): Program => ({ ...read(options), reader: 'git' });

export const git: Program = {
  does: 'read',
  bare: 'read',
  options:
    '-P -p!opaque -C=look -c=opaque --no-pager --paginate!opaque --git-dir=look --work-tree=look --namespace=text --bare --no-replace-objects --literal-pathspecs --no-optional-locks --exec-path=opaque --config-env=opaque --html-path --info-path --man-path',
  subcommands: {
    log: read(logOptions),
    show: read(logOptions),
    diff: { ...read(diffOptions), reader: 'git' },
    'diff-tree': read(logOptions),
    'diff-index': read(diffOptions),
    'diff-files': read(diffOptions),
    shortlog: read(`${logOptions} -nse --numbered --summary --email --group=text`),
    whatchanged: read(logOptions),
    status: read(
      '-sbvzu --short --branch --porcelain?text --long --verbose --untracked-files?text --ignored?text --ignore-submodules?text --show-stash --column?text --ahead-behind --no-ahead-behind --renames --no-renames',
    ),
    blame: read(
      '-bcefhlnpstwCM -L=text -S=read --porcelain --line-porcelain --incremental --date=text --since=text --abbrev=text --ignore-rev=text --show-email --root',
    ),
    annotate: read('-L=text'),
    'rev-parse': read(
      '-q --verify --quiet --short?text --abbrev-ref?text --symbolic --symbolic-full-name --all --branches --git-dir --show-toplevel --show-prefix --show-cdup --is-inside-work-tree --is-bare-repository --absolute-git-dir --git-common-dir --show-superproject-working-tree --is-inside-git-dir --path-format=text --git-path=text --is-shallow-repository --sq --default=text',
    ),
    'rev-list': read(`${logOptions} --objects --disk-usage`),
    'ls-files': {
      does: 'read',
      options:
        '-cdmoiskuvztfx -X=read --cached --deleted --modified --others --ignored --stage --killed --unmerged --exclude=text --exclude-from=read --exclude-standard --error-unmatch --full-name --abbrev?text --directory --eol --deduplicate',
      operands: 'text*',
      output: 'paths',
    },
    'ls-tree': read(
      '-drtlz --name-only --name-status --long --full-name --full-tree --abbrev?text --object-only --format=text',
    ),
    'ls-remote': {
      does: 'send',
      options:
        '-htq --heads --tags --refs --quiet --exit-code --get-url --sort=text --symref --upload-pack=opaque --exec=opaque',
      operands: 'text*',
    },
    'cat-file': read('-tsep --batch?text --batch-check?text --textconv!opaque --filters!opaque'),
    'show-ref': read('-dqs --head --heads --tags --dereference --hash?text --verify --abbrev?text --quiet'),
    'for-each-ref': read(
      '-spt --count=text --format=text --sort=text --points-at=text --merged?text --no-merged?text --contains?text',
    ),
    'merge-base': read('-a --all --is-ancestor --fork-point --octopus'),
    'name-rev': read('--tags --name-only --all --refs=text'),
    describe: read(
      '--all --tags --long --always --dirty?text --abbrev=text --match=text --exact-match --first-parent --candidates=text --contains --exclude=text',
    ),
    'count-objects': read('-vH --verbose --human-readable'),
    grep: searching(
      '-aIirwvhHEGPFnlLcoqpWz -O?opaque -e=text -f=read -A=text -B=text -C=text -m=text --cached --untracked --no-index --ignore-case --word-regexp --line-number --files-with-matches --name-only --count --all-match --and --or --not --break --heading --show-function --function-context --quiet --max-depth=text --color?text --no-color --open-files-in-pager?opaque --textconv!opaque',
    ),
    reflog: {
      does: 'read',
      bare: 'read',
      options: logOptions,
      subcommands: {
        show: read(logOptions),
        expire: { does: 'destroy', because: 'it forgets old states', reader: 'opens' },
        delete: { does: 'destroy', because: 'it forgets old states', reader: 'opens' },
      },
    },
    'check-ignore': read('-qvnz --verbose --no-index --stdin'),
    'check-attr': read('-a --all --cached'),
    version: read('--build-options'),
    help: read('-ag'),
    var: read(''),
    fsck: read('--full --no-dangling --unreachable --lost-found!change --strict'),
    branch: {
      does: 'read',
      options:
        '-avrqlit --all --remotes --list --verbose --contains?text --no-contains?text --merged?text --no-merged?text --sort=text --format=text --show-current --color?text --no-color --column?text --points-at=text --abbrev?text -d!change -D!destroy -m!change -M!destroy -c!change -C!destroy -f!destroy -u=text!change --delete!change --move!change --copy!change --force!destroy --set-upstream-to=text!change --unset-upstream!change --edit-description!opaque --track?text!change',
      operands: 'text*',
      reader: 'git',
    },
    tag: {
      does: 'read',
      options:
        '-ln?text -n --list --sort=text --contains?text --no-contains?text --merged?text --points-at=text --format=text --column?text --color?text -a!change -s!opaque -m=text!change -F=read!change -f!destroy -d!destroy -v!opaque --annotate!change --sign!opaque --message=text!change --file=read!change --force!destroy --delete!destroy --verify!opaque',
      operands: 'text*',
      reader: 'git',
    },
    remote: {
      does: 'read',
      bare: 'read',
      options: '-v --verbose',
      subcommands: {
        show: { does: 'send', options: '-n', operands: 'text*' },
        'get-url': read('--all --push'),
        add: {
          does: 'privilege',
          because: 'it changes where code comes from',
          options: '-ftm --tags',
          operands: 'text*',
        },
        remove: change(''),
        rm: change(''),
        rename: change(''),
        'set-url': {
          does: 'privilege',
          because: 'it changes where code comes from',
          options: '--add --push --delete',
          operands: 'text*',
        },
        prune: change('-n --dry-run'),
        update: { does: 'change', options: '-p --prune', operands: 'text*' },
        'set-head': change('-ad'),
        'set-branches': change('--add'),
      },
    },
    stash: {
      does: 'read',
      bare: 'change',
      subcommands: {
        list: read(logOptions),
        show: read(diffOptions),
        push: change('-kuaqS -p!opaque -m=text'),
        save: change('-kuaq -p!opaque'),
        pop: change('-q --index'),
        apply: change('-q --index'),
        branch: change(''),
        create: change(''),
        store: change('-m=text -q'),
        drop: { does: 'destroy', because: 'it throws changes away', operands: 'text*', options: '-q' },
        clear: { does: 'destroy', because: 'it throws changes away' },
      },
    },
    config: {
      does: 'read',
      options:
        '-lz --list --get --get-all --get-regexp --get-urlmatch --show-origin --show-scope --name-only --local --global --system --worktree --type=text --bool --int --path --default=text --null --includes -f=read --file=read --blob=text --add!privilege --unset!privilege --unset-all!privilege --replace-all!privilege --rename-section!privilege --remove-section!privilege -e!opaque --edit!opaque',
      operands: 'text*',
      reader: 'git',
    },
    add: change(
      '-nvfueANq -i!opaque -p!opaque --dry-run --verbose --force --update --all --no-all --ignore-errors --ignore-removal --intent-to-add --renormalize --chmod=text --pathspec-from-file=read -e!opaque --edit!opaque',
    ),
    stage: change('-nvfuA'),
    mv: change('-fknv --force --dry-run --verbose', 'text*'),
    init: {
      does: 'create',
      options:
        '-q -b=text --bare --quiet --initial-branch=text --shared?text --template=opaque --separate-git-dir=write',
      operands: 'create',
    },
    // Hooks of the repository run with these.
    commit: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    merge: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    pull: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    checkout: { does: 'opaque', because: 'it runs hooks of the repository and overwrites changes', reader: 'opens' },
    switch: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    rebase: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    'cherry-pick': { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    revert: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    am: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
    clone: { does: 'opaque', because: 'it fetches code and may run filters', reader: 'opens' },
    submodule: { does: 'opaque', because: 'it fetches code and may run filters', reader: 'opens' },
    bisect: { does: 'opaque', because: 'it can run programs', reader: 'opens' },
    'filter-branch': { does: 'opaque', because: 'it can run programs', reader: 'opens' },
    difftool: { does: 'opaque', because: 'it can run programs', reader: 'opens' },
    mergetool: { does: 'opaque', because: 'it can run programs', reader: 'opens' },
    fetch: {
      does: 'change',
      options:
        '-apPtkuqvnfjm46 --all --append --depth=text --deepen=text --shallow-since=text --unshallow --dry-run --force --keep --multiple --prune --prune-tags --no-tags --tags --recurse-submodules?text --no-recurse-submodules --quiet --verbose --progress --no-auto-maintenance -j=text --jobs=text --upload-pack=opaque',
      operands: 'text*',
      reader: 'git',
    },
    push: {
      does: 'send',
      options:
        '-nuqv46 --all --tags --follow-tags --dry-run --set-upstream --quiet --verbose --porcelain --progress --atomic --no-verify --signed?text -f!destroy -d!destroy --force!destroy --force-with-lease?text!destroy --force-if-includes!destroy --delete!destroy --mirror!destroy --prune!destroy -o=text --push-option=text --receive-pack=opaque --exec=opaque --repo=text',
      operands: 'text*',
      reader: 'git',
    },
    reset: {
      does: 'change',
      options: '-q -p!opaque --soft --mixed --quiet --keep --hard!destroy --merge!destroy',
      operands: 'text*',
    },
    restore: {
      does: 'destroy',
      because: 'it throws changes away',
      options: '-SWq -p!opaque -s=text --staged --worktree --source=text --quiet',
      operands: 'text*',
    },
    rm: {
      does: 'destroy',
      because: 'it deletes files',
      options: '-fnrq --force --dry-run --cached --quiet --ignore-unmatch',
      operands: 'text*',
    },
    clean: {
      does: 'destroy',
      because: 'it deletes files',
      options: '-dfinqxX -e=text --force --dry-run --quiet --exclude=text',
      operands: 'text*',
    },
    gc: {
      does: 'destroy',
      because: 'it forgets old states',
      options: '--aggressive --auto --prune?text --no-prune --quiet -q',
    },
    prune: { does: 'destroy', because: 'it forgets old states', options: '-nv' },
    'update-ref': {
      does: 'destroy',
      because: 'it moves a branch',
      options: '-dm --no-deref --stdin',
      operands: 'text*',
    },
    worktree: {
      does: 'read',
      bare: 'read',
      subcommands: {
        list: read('-vz --porcelain --verbose'),
        add: { does: 'opaque', because: 'it runs hooks of the repository', reader: 'opens' },
        remove: { does: 'destroy', because: 'it deletes files', options: '-f --force', operands: 'text*' },
        prune: change('-nv'),
      },
    },
    archive: {
      does: 'read',
      options:
        '-lv# -o=write --format=text --prefix=text --output=write --list --verbose --remote=opaque --exec=opaque --worktree-attributes',
      operands: 'text*',
    },
    'upload-pack': { does: 'read', options: '--strict --no-strict --timeout=text', operands: 'read' },
    'receive-pack': { does: 'change', operands: 'write' },
    bundle: {
      does: 'read',
      bare: 'opaque',
      subcommands: { verify: read('-q', 'read'), 'list-heads': read('', 'read') },
    },
  },
};

export const gitPrograms: Programs = { git };
