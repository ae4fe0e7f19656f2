import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cp, mkdir, open, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { create } from 'tar';
import { TandemError, readConfig, systemClock, type Config } from '../base/index.ts';
import { dumpTables, type Connection } from '../db/index.ts';
import { houseLogger, reachDatabase } from './house.ts';
import { Phases } from './phases.ts';
import { FORMAT, VERSION, type BackupManifest } from './backup-format.ts';
import { copyLiving } from './copy-living.ts';

/**
 * Writes the whole state into one file: every table as of one moment, the ledger's log that is not
 * posted yet, the key that opens sealed secrets, and the operator's file. The file opens everything,
 * so it is readable by this user only. Works while the server runs and when it does not.
 */
export async function backup(file: string): Promise<void> {
  const target = resolve(file);
  if (existsSync(target)) throw new TandemError('file_exists', { params: { path: target } });
  const config = readConfig(process.env);
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const log = houseLogger(config);
  const phases = new Phases(log, systemClock);
  const draft = makeDraft(target);
  try {
    const connection = await reachDatabase(config, phases, interrupted.signal, log);
    const manifest = await collect(config, connection, draft, interrupted.signal);
    await create({ file: join(draft, 'backup.tar.gz'), cwd: draft, gzip: { level: 6 }, portable: true }, ['manifest.json', 'tables', 'files']);
    const handle = await open(join(draft, 'backup.tar.gz'), 'r+');
    await handle.chmod(0o600);
    await handle.sync();
    const { size } = await handle.stat();
    await handle.close();
    await rename(join(draft, 'backup.tar.gz'), target);
    const rows = manifest.dump.tables.reduce((sum, table) => sum + table.rows, 0);
    process.stdout.write(`Wrote ${target}: ${rows} rows of ${manifest.dump.tables.length} tables, ${sizeText(size)}.\nIt holds the key to all sealed secrets: keep it as you would keep a password.\n`);
  } finally {
    rmSync(draft, { recursive: true, force: true });
    await phases.stopAll();
  }
}

/** The backup is put together beside its file, so that it takes its name by a rename. */
function makeDraft(target: string): string {
  try {
    return mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such folder' : code === 'EACCES' || code === 'EROFS' ? 'this user may not write there' : (code ?? 'it cannot be made');
    throw new TandemError('file_not_writable', { params: { path: target, reason }, cause: error });
  }
}

async function collect(config: Config, connection: Connection, draft: string, signal: AbortSignal): Promise<BackupManifest> {
  const tables = join(draft, 'tables');
  const files = join(draft, 'files');
  await mkdir(tables, { mode: 0o700 });
  await mkdir(files, { mode: 0o700 });
  // The log first: what is posted and deleted after this is in the tables, what is posted twice changes nothing.
  if (existsSync(join(config.home, 'ledger'))) await copyLiving(join(config.home, 'ledger'), join(files, 'ledger'));
  if (existsSync(config.secretFile)) await cp(config.secretFile, join(files, 'secret'));
  if (existsSync(config.configFile)) await cp(config.configFile, join(files, 'config.json'));
  if (existsSync(join(config.home, 'credentials.json'))) await cp(join(config.home, 'credentials.json'), join(files, 'credentials.json'));
  const dump = await dumpTables(connection, tables, signal);
  const manifest: BackupManifest = { format: FORMAT, version: VERSION, madeAt: new Date(systemClock.nowMs()).toISOString(), dump };
  writeFileSync(join(draft, 'manifest.json'), JSON.stringify(manifest, null, 2), { mode: 0o600 });
  return manifest;
}

/** In whole kB, or in MB with one digit. */
function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
