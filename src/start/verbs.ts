import { TandemError } from '../base/index.ts';
import { backup } from './backup.ts';
import { restore } from './restore.ts';
import { up } from './up.ts';

/** What the program `src/start/main.ts` does: run the server, or save and bring back its state. */
export async function runVerb(verb: string, args: readonly string[]): Promise<void> {
  const file = args.find((word) => !word.startsWith('--'));
  switch (verb) {
    case 'up':
      return up();
    case 'backup':
      return backup(required(file, 'backup'));
    case 'restore':
      return restore(required(file, 'restore'));
    default:
      throw new TandemError('invalid_request', { params: { reason: `There is no verb ${verb}; there are up, backup FILE and restore FILE` } });
  }
}

function required(file: string | undefined, verb: string): string {
  if (file === undefined) throw new TandemError('invalid_request', { params: { reason: `${verb} needs a file: npm start -- ${verb} FILE` } });
  return file;
}

/** Errors of start, stop, backup and restore, for a person at a terminal: what happened and what to do; no stack. */
export function printFailure(error: unknown, json: boolean): void {
  const known = error instanceof TandemError ? error : undefined;
  const message = known?.message ?? `Tandem could not go on: ${error instanceof Error ? error.message : String(error)}`;
  const next = known?.next ?? 'Report this with the lines above. TANDEM_LOG=debug npm start shows more.';
  if (json) process.stdout.write(`${JSON.stringify({ code: known?.code ?? 'internal', message, next })}\n`);
  else process.stderr.write(`\n${message}\n  Next: ${next}\n`);
  if (known?.detail !== undefined) process.stderr.write(`  Detail: ${known.detail}\n`);
  if (!known && process.env['TANDEM_LOG'] === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}
