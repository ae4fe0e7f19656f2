import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/base/index.ts';
import { commands } from '../../src/cli/tree.ts';
import { pages, type Page } from './support/pages.ts';
import { ROOT } from './support/sources.ts';

/** What `npm test` tells its own parts. */
const OF_TESTS = /^TANDEM_(?:TEST_|SUITE$)/;

const documented = pages('README.md', 'docs/*.md', 'docs/how/*.md');

/** Every word after `./tandem`, up to the end of the command: a pipe, a redirection, a comment, or the end of code. */
function commandLines({ text }: Page): string[] {
  return [...text.matchAll(/(?:\.\/|`|\$ |\()tandem((?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'|[^\s`"'|>&()#;,]+))*)/g)]
    .map((match) => match[1]!.trim())
    .filter((line) => line !== '');
}

const words = (line: string): string[] => line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
const forms = (options: readonly { readonly form: string }[] | undefined) => new Set((options ?? []).flatMap(({ form }) => form.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? []));

/** What is wrong with a documented command line; undefined when the command and its options exist. */
function wrong(line: string): string | undefined {
  const given = words(line);
  const plain = given.slice(0, given.findIndex((word) => word.startsWith('-')) === -1 ? undefined : given.findIndex((word) => word.startsWith('-')));
  const command = commands
    .filter(({ path }) => path.split(' ').every((word, at) => plain[at] === word))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  const known = new Set([...forms(command?.options), '--json', '--help', '-h']);
  if (command === undefined && plain.length > 0) return `there is no command ${plain[0]}`;
  const end = given.indexOf('--');
  const options = given.slice(0, end === -1 ? undefined : end).filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]!);
  const strange = options.find((option) => !known.has(option));
  if (strange !== undefined) return `${command?.path ?? 'tandem'} has no option ${strange}`;
  if (command === undefined) return undefined;
  const more = plain.length - command.path.split(' ').length;
  const takes = command.args ?? [];
  if (more > takes.length && !takes.some(({ form }) => form.includes('...'))) return `${command.path} takes ${takes.length} arguments`;
  return undefined;
}

describe('commands that the pages show', () => {
  it.each(documented.map((page) => [page.path, page] as const))('of %s exist, with their options', (_, page) => {
    expect(commandLines(page).map((line) => [line, wrong(line)] as const).filter(([, why]) => why !== undefined)).toEqual([]);
  });

  it('are found, and wrong ones are named', () => {
    const text = 'Run `tandem keys list`, or\n\n    $ KEY=x ./tandem chat --max-tokens 5 "a | b" > out.txt\n    $ ./tandem bill --prove | head\n';
    const lines = commandLines({ path: 'x.md', text });
    expect(lines).toEqual(['keys list', 'chat --max-tokens 5 "a | b"', 'bill --prove']);
    expect(lines.map(wrong)).toEqual(['keys takes 0 arguments', undefined, 'bill has no option --prove']);
  });

  it('name every setting that the program reads', () => {
    const read = globSync(['src/**/*.ts', 'agent/**/*.{ts,sh}', 'scripts/*.mjs'], { cwd: ROOT, exclude: (path) => /node_modules|testing|\.test\./.test(path) })
      .flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(?:env\['|\$\{|setting\(')(TANDEM_[A-Z_]+)/g)].map((match) => match[1]!));
    const told = pages('README.md', 'docs/*.md', 'docs/how/*.md', 'docs/reference/config.md').map(({ text }) => text).join('\n');
    expect(new Set(read).size).toBeGreaterThan(15);
    expect([...new Set(read)].filter((name) => !OF_TESTS.test(name) && !told.includes(`\`${name}`) && !new RegExp(`${name}[=\`]`).test(told))).toEqual([]);
  });

  it('as next steps of errors exist', () => {
    const first = new Set(commands.map(({ path }) => path.split(' ')[0]!));
    const strange = Object.entries(ERRORS).flatMap(([code, { next }]) => [...next.matchAll(/\btandem ([a-z]+)/g)].filter((match) => !first.has(match[1]!)).map((match) => `${code}: ${match[0]}`));
    expect(strange).toEqual([]);
  });

  it('fail with codes that the page about the CLI names', () => {
    const own = globSync('src/cli/**/*.ts', { cwd: ROOT, exclude: (path) => /\.test\./.test(path) })
      .flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(/new CliError\('([a-z_]+)'/g)].map((match) => match[1]!)).filter((code) => !(code in ERRORS));
    const told = pages('docs/how/cli.md')[0]!.text;
    expect(new Set(own).size).toBeGreaterThan(10);
    expect([...new Set(own)].filter((code) => !told.includes(`\`${code}\``))).toEqual([]);
  });

  it('of the README are many', () => {
    expect(commandLines(documented.find(({ path }) => path === 'README.md')!).length).toBeGreaterThan(20);
  });
});
