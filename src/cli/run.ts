import { CommanderError } from 'commander';
import { EXIT } from './exit.ts';
import type { Context } from './context.ts';
import { printFailure } from './output/failure.ts';
import { buildProgram } from './program.ts';
import { commands } from './tree.ts';

/** Runs one command line against the real terminal. Returns the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  // `tandem keys | head` closes the pipe early; that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  return runWith(argv, {
    env: process.env, out: process.stdout, err: process.stderr, stdin: process.stdin,
    signal: interrupted.signal, nowMs: Date.now,
  });
}

/** The same with everything outside passed in. */
export async function runWith(argv: readonly string[], outside: Omit<Context, 'json' | 'client'>): Promise<number> {
  const json = argv.includes('--json');
  let exitCode: number = EXIT.ok;
  const program = buildProgram(commands, outside, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Help and the version were asked for and are printed.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    return printFailure(error, json, outside.out, outside.err);
  }
}
