import { readFileSync } from 'node:fs';
import { Command as Program } from 'commander';
import { CliError, usageError } from './cli-error.ts';
import type { Command } from './command.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit.ts';
import { GROUPS } from './help-groups.ts';
import { nearest } from './nearest.ts';

const ABOUT = 'One control plane for the GPUs and the Macs behind AI-powered Apple apps.';
const FOOTER = `
Exit codes: 0 ok, 1 error, 2 cancelled or bad usage, 4 needs login, 8 still pending.
Settings: TANDEM_HOME, TANDEM_URL, TANDEM_KEY. Reference: docs/reference/cli.md
Next: tandem chat "What is the capital of France?", or tandem VERB --help`;
/** Beside a long list of arguments, a description may be as narrow as this before it is no longer broken into lines. */
const NARROWEST = 20;

/** Makes commander's program from the command table. */
export function buildProgram(commands: readonly Command[], outside: Omit<Context, 'json' | 'client'>, exit: (code: number) => void): Program {
  const root = prepare(new Program('tandem'), '', outside).description(ABOUT).addHelpText('after', FOOTER);
  root.version(version(), '-V, --version', 'show the version');
  const byPath = new Map<string, Program>([['', root]]);
  const groups = new Map(GROUPS.flatMap(({ heading, verbs }) => Object.entries(verbs).map(([verb, brief]) => [verb, { heading, brief }] as const)));
  const order = [...groups.keys()];
  const verbAt = ({ path }: Command) => order.indexOf(path.split(' ')[0]!);
  for (const command of commands.toSorted((one, other) => verbAt(one) - verbAt(other))) {
    const words = command.path.split(' ');
    const parent = byPath.get(words.slice(0, -1).join(' '));
    if (!parent) throw new Error(`${command.path} stands before the command that it belongs to`);
    const program = prepare(new Program(words.at(-1)!), command.path, outside).description(command.about);
    const group = groups.get(command.path);
    if (group !== undefined) program.summary(group.brief).helpGroup(group.heading);
    // What is too much for it is a word that no command under it has: said below, better than as a count of arguments.
    if (command.args === undefined && commands.some(({ path }) => path.startsWith(`${command.path} `))) program.allowExcessArguments(true);
    for (const { form, about } of command.args ?? []) program.argument(form, about);
    for (const { form, about, many } of command.options ?? []) {
      if (many === true) program.option(form, about, (value: string, before: string | undefined) => (before === undefined ? value : `${before}\n${value}`));
      else program.option(form, about);
    }
    program.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`);
    program.action(async (...received: unknown[]) => {
      const self = received.at(-1) as Program;
      if (command.args === undefined && self.args.length > 0) throw unknownWord(self, command.path);
      const options = self.optsWithGlobals<Record<string, string | boolean | undefined>>();
      // Loaded here and not above: help must not pay for a connection that it never makes.
      const [{ createClient }, { readCredentials }, run] = await Promise.all([import('./client/client.ts'), import('./client/credentials.ts'), command.load()]);
      const context: Context = {
        ...outside, json: options['json'] === true,
        client: () => createClient(readCredentials(outside.env), outside.signal),
      };
      try {
        exit((await run(context, { args: self.args, options })) ?? 0);
      } catch (error) {
        throw withOwnHelp(error, command.path);
      }
    });
    parent.addCommand(program);
    byPath.set(command.path, program);
  }
  return root;
}

/** A field that the server refuses is an option or an argument here: that is bad usage, and its help is the next step, not the API's description. */
function withOwnHelp(error: unknown, path: string): unknown {
  if (!(error instanceof CliError) || error.code !== 'invalid_request' || path === 'api') return error;
  return new CliError(error.code, error.message, `See what it takes: tandem ${path} --help`, EXIT.usage, error.facts);
}

function unknownWord(self: Program, path: string): CliError {
  const word = self.args[0]!;
  const meant = nearest(word, self.commands.map((command) => command.name()));
  return usageError(`There is no command tandem ${path} ${word}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`, `tandem ${path} ${meant === undefined ? '' : `${meant} `}--help`);
}

function prepare(program: Program, path: string, { out }: Omit<Context, 'json' | 'client'>): Program {
  return program
    // Commander's own errors become the CLI's, which are printed in one place, as text or as JSON.
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageError(sentence(error.message), `tandem ${path === '' ? '' : `${path} `}--help`);
    })
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .option('--json', 'print JSON, errors too')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: false, minWidthToWrap: NARROWEST, subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map((argument) => `${argument.required ? '<' : '['}${argument.name()}${argument.variadic ? '...' : ''}${argument.required ? '>' : ']'}`)].join(' ') })
    .configureOutput({ writeOut: (text) => out.write(text), writeErr: () => undefined });
}

/** `error: unknown command 'x'\n(Did you mean y?)` as sentences. */
function sentence(message: string): string {
  const [what, meant] = message.replace(/^error: /, '').split('\n');
  return `${what!.charAt(0).toUpperCase()}${what!.slice(1)}${/[.?]$/.test(what!) ? '' : '.'}${meant === undefined ? '' : ` ${meant.replace(/^\(|\)$/g, '')}`}`;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
}
