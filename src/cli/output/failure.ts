import type { Writer } from '../context.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit.ts';
import { visible } from './text.ts';

/** The one place where errors of the CLI are printed. Returns the exit code. */
export function printFailure(error: unknown, json: boolean, out: Writer, err: Writer): number {
  if (error instanceof Error && (error.name === 'AbortError' || error.message === 'interrupted')) {
    err.write('Cancelled.\n');
    return EXIT.usage;
  }
  const known = error instanceof CliError ? error : describe(error);
  if (json) {
    out.write(`${JSON.stringify({ code: known.code, message: known.message, next: known.next, ...(known.facts === undefined ? {} : { facts: known.facts }) })}\n`);
  } else {
    err.write(`${visible(known.message)}\n  Next: ${visible(known.next)}\n`);
  }
  return known.exitCode;
}

/** Errors of the system get words; anything else is a fault of ours and says so. */
function describe(error: unknown): CliError {
  const { code, path, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CliError('no_such_file', `There is no file ${path ?? ''}.`, 'Check the name: ls');
  if (code === 'EACCES' || code === 'EPERM') return new CliError('no_permission', `${path ?? 'The file'} may not be opened by this user.`, `Look at its rights: ls -l ${path ?? ''}`);
  // TandemErrors of lower rooms carry code and next step already.
  const next = (error as { next?: unknown }).next;
  if (typeof code === 'string' && typeof next === 'string') return new CliError(code, message, next);
  return new CliError('unexpected', `Something went wrong in the CLI: ${message ?? String(error)}`, 'Run tandem doctor, and report this with the command that you ran.');
}
