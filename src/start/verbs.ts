import { TandemError } from '../base/index.ts';
import { backup } from './backup.ts';
import { forget } from './forget.ts';
import { restore } from './restore.ts';
import { up } from './up.ts';

/** What the program `src/start/main.ts` does: run the server, save and bring back its state, or give a lost part of it up. */
export async function runVerb(verb: string, args: readonly string[]): Promise<void> {
  const word = args.find((one) => !one.startsWith('--'));
  switch (verb) {
    case 'up':
      return up();
    case 'backup':
      return backup(required(word, 'backup', 'a file: npm start -- backup FILE'));
    case 'restore':
      return restore(required(word, 'restore', 'a file: npm start -- restore FILE'));
    case 'forget':
      return forget(required(word, 'forget', 'the id of a gateway: npm start -- forget EPOCH'));
    default:
      throw new TandemError('words_invalid', { params: { reason: `There is no verb ${verb}; there are up, backup FILE, restore FILE and forget EPOCH` } });
  }
}

function required(word: string | undefined, verb: string, what: string): string {
  if (word === undefined) throw new TandemError('words_invalid', { params: { reason: `${verb} needs ${what}` } });
  return word;
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
