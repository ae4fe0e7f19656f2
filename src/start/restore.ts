import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { extract } from 'tar';
import { TandemError, makeFolder, readConfig, systemClock, type Config } from '../base/index.ts';
import { restoreTables } from '../db/index.ts';
import { FORMAT, type BackupManifest } from './backup-format.ts';
import { houseLogger, openHouse } from './house.ts';
import { Phases } from './phases.ts';

/** Brings a backup back into an empty home and an empty database. A failure leaves the home as it was. */
export async function restore(file: string): Promise<void> {
  const source = resolve(file);
  if (!existsSync(source)) throw new TandemError('backup_invalid', { params: { path: source, reason: 'it is not there' } });
  const config = readConfig(process.env);
  if (existsSync(config.home) && readdirSync(config.home).some((name) => !name.startsWith('tandem.'))) {
    throw new TandemError('restore_not_empty', { params: { what: `The home ${config.home}` } });
  }
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  const log = houseLogger(config);
  const phases = new Phases(log, systemClock);
  const draft = await unpack(source, config.home);
  try {
    const manifest = readManifest(source, draft);
    const house = await openHouse(config, phases, interrupted.signal, log);
    await restoreTables(house.connection, join(draft, 'tables'), manifest.dump, log);
    await placeFiles(join(draft, 'files'), config);
    const rows = manifest.dump.tables.reduce((sum, table) => sum + table.rows, 0);
    process.stdout.write(`Restored ${rows} rows of ${manifest.dump.tables.length} tables from ${manifest.madeAt} into ${config.home}.\nStart it: ${process.env['TANDEM_HOME'] ? `TANDEM_HOME=${config.home} ` : ''}npm start\n`);
  } catch (error) {
    await phases.stopAll();
    // Nothing was here before; what is half restored must not be taken for a home.
    for (const name of ['postgres', 'ledger']) rmSync(join(config.home, name), { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
    await phases.stopAll();
  }
}

async function unpack(source: string, home: string): Promise<string> {
  makeFolder(home, 0o700);
  const draft = mkdtempSync(join(home, 'tandem.restore-'));
  try {
    await extract({ file: source, cwd: draft, strict: true, preservePaths: false, filter: (_, entry) => !('type' in entry) || entry.type === 'File' || entry.type === 'Directory' });
    return draft;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new TandemError('backup_invalid', { params: { path: source, reason: 'it cannot be unpacked' }, detail: (error as Error).message, cause: error });
  }
}

function readManifest(source: string, draft: string): BackupManifest {
  try {
    const manifest = JSON.parse(readFileSync(join(draft, 'manifest.json'), 'utf8')) as BackupManifest;
    if (manifest.format === FORMAT) return manifest;
  } catch {
    // Told below.
  }
  throw new TandemError('backup_invalid', { params: { path: source, reason: 'its manifest is missing or of another format' } });
}

/** The operator's own paths win over the home, as at every start. */
async function placeFiles(files: string, config: Config): Promise<void> {
  const places: Record<string, string> = {
    ledger: join(config.home, 'ledger'), secret: config.secretFile, 'config.json': config.configFile, 'credentials.json': join(config.home, 'credentials.json'),
  };
  for (const [name, target] of Object.entries(places)) {
    if (!existsSync(join(files, name)) || (name !== 'ledger' && existsSync(target) && target !== join(config.home, name))) continue;
    await mkdir(join(target, '..'), { recursive: true, mode: 0o700 });
    await cp(join(files, name), target, { recursive: true });
  }
}
