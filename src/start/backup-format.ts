import { readFileSync } from 'node:fs';
import type { DumpManifest } from '../db/index.ts';

/** A gzipped tar: manifest.json, tables/<name>.copy, files/{ledger,secret,config.json,credentials.json}. */
export const FORMAT = 'tandem-backup-1';

/** This program's version. */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

export interface BackupManifest {
  readonly format: string;
  readonly version: string;
  readonly madeAt: string;
  readonly dump: DumpManifest;
}
