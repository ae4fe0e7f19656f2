import { usageError } from '../cli-error.ts';
import type { Command, Run } from '../command.ts';
import { commands } from '../tree.ts';

/** Words that may follow a path, with what they are for. */
function followers(path: string): Command[] {
  const depth = path === '' ? 1 : path.split(' ').length + 1;
  return commands.filter((command) => command.path.split(' ').length === depth && (path === '' || command.path.startsWith(`${path} `)));
}

const flags = (command: Command | undefined) => [...(command?.options ?? []).map(({ form }) => /--[\w-]+/.exec(form)![0]), '--json', '--help'];
const last = (command: Command) => command.path.split(' ').at(-1)!;
const parents = () => commands.filter((command) => followers(command.path).length > 0);

function bash(): string {
  const cases = commands.map((command) => `    "${command.path}") words="${[...followers(command.path).map(last), ...flags(command)].join(' ')}" ;;`).join('\n');
  return `_tandem() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
    "") words="${[...followers('').map(last), '--json', '--help'].join(' ')}" ;;
${cases}
    *) words="--json --help" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _tandem tandem ./tandem
`;
}

function zsh(): string {
  return `#compdef tandem\nautoload -U +X bashcompinit && bashcompinit\n${bash()}`;
}

function fish(): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const top = followers('').map((command) => `complete -c tandem -n __fish_use_subcommand -a ${command.path} -d ${quote(command.about)}`);
  const nested = parents().flatMap((parent) => followers(parent.path).map((command) => `complete -c tandem -n '__fish_seen_subcommand_from ${parent.path}' -a ${last(command)} -d ${quote(command.about)}`));
  return [...top, ...nested, 'complete -c tandem -l json -d \'print JSON\'', ''].join('\n');
}

export const completion: Run = async (context, { args }) => {
  const make = { bash, zsh, fish }[args[0]!];
  if (!make) throw usageError(`There is no completion for ${args[0]}.`, 'Choose bash, zsh or fish: tandem completion bash');
  context.out.write(make());
};
