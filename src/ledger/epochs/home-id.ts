import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isUuid } from '../../base/index.ts';

/** The id that a home's ledger keeps, made once: its epochs are found by it wherever the home is mounted. */
export function homeId(ledgerFolder: string, newId: () => string): string {
  const path = join(ledgerFolder, 'home-id');
  mkdirSync(ledgerFolder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${newId()}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const id = readFileSync(path, 'utf8').trim();
  if (!isUuid(id)) throw new Error(`${path} does not hold an id`);
  return id;
}
