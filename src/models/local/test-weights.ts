import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/index.ts';
import { ensureWeights } from './weights.ts';

/** The default weights, for tests: from the machine's shared cache, fetched into it where they are missing. Never skipped. */
export async function testWeights(): Promise<string> {
  const cache = process.env['TANDEM_CACHE'] || join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'tandem');
  const home = mkdtempSync(join(tmpdir(), 'tandem-weights-'));
  const { path } = await ensureWeights({ cache, home, source: { kind: 'default' }, log: silentLogger, signal: AbortSignal.timeout(240_000) });
  return path;
}
