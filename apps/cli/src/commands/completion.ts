import { Command } from 'commander';

/** Words of the command tree, so that completion never falls behind the commands. */
export function completionCommand(program: Command): Command {
  return new Command('completion')
    .description('Print a completion script for your shell')
    .argument('[shell]', 'bash, zsh or fish', 'bash')
    .action((shell: string) => {
      const tree = program.commands.map((command) => ({
        name: command.name(),
        words: [
          ...command.commands.map((sub) => sub.name()),
          ...command.options.map((option) => option.long ?? ''),
        ].filter((word) => word !== ''),
      }));
      process.stdout.write(
        shell === 'fish'
          ? fish(tree)
          : shell === 'zsh'
            ? `autoload -U +X bashcompinit && bashcompinit\n${bash(tree)}`
            : bash(tree),
      );
    });
}

type Tree = readonly { readonly name: string; readonly words: readonly string[] }[];

function bash(tree: Tree): string {
  const cases = tree
    .map(({ name, words }) => `    ${name}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$cur"));;`)
    .join('\n');
  return `_sluice() {
  local cur="\${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" = 1 ]; then COMPREPLY=($(compgen -W "${tree.map((t) => t.name).join(' ')}" -- "$cur")); return; fi
  case "\${COMP_WORDS[1]}" in
${cases}
  esac
}
complete -F _sluice sluice
`;
}

function fish(tree: Tree): string {
  const top = `complete -c sluice -f -n __fish_use_subcommand -a "${tree.map((t) => t.name).join(' ')}"\n`;
  return (
    top +
    tree
      .map(
        ({ name, words }) => `complete -c sluice -f -n "__fish_seen_subcommand_from ${name}" -a "${words.join(' ')}"\n`,
      )
      .join('')
  );
}
