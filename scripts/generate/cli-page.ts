import type { Command } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/tree.ts';
import { literal, page, table } from './markdown.ts';

/** docs/reference/cli.md, from the same tree that help and completion are made of. */
export function cliPage(): string {
  return page(
    '# CLI',
    '`./tandem <verb>` from the checkout, or `npx tandem <verb>`. Every verb takes `--json` and `--help`. '
      + 'Exit codes: 0 ok, 1 error, 2 cancelled or bad usage, 4 needs login, 8 still pending.',
    table(['Verb', 'What it does'], commands.map(({ path, about }) => [`[\`${path}\`](#tandem-${path.replaceAll(' ', '-')})`, about])),
    ...commands.map(section),
  );
}

function section(command: Command): string {
  const args = command.args ?? [];
  const options = command.options ?? [];
  const usage = ['tandem', command.path, ...(options.length > 0 ? ['[options]'] : []), ...args.map(({ form }) => form)].join(' ');
  const rows = [...args, ...options].map(({ form, about }) => [`\`${form}\``, literal(about)]);
  return [
    `## tandem ${command.path}`,
    `${literal(command.about)}.`,
    `    ${usage}`,
    ...(rows.length > 0 ? [table(['', ''], rows)] : []),
    `Examples:\n\n${command.examples.map((example) => `    ${example}`).join('\n')}`,
  ].join('\n\n');
}
