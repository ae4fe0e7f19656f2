import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A folder that is gone when this process is. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
  folders.add(folder);
  return folder;
}
