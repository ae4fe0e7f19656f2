import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Copies a folder whose files come and go meanwhile. A file that vanishes is left out and the others are copied all the same:
 * a segment of the log goes once it is posted, and the one after it may hold usage that stands nowhere else.
 */
export async function copyLiving(from: string, to: string, copy: (source: string, target: string) => Promise<void> = copyFile): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true }).catch(ifVanished(() => []));
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyLiving(source, target, copy);
    else if (entry.isFile()) await copy(source, target).catch(ifVanished(() => {}));
  }
}

function ifVanished<T>(instead: () => T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return instead();
    throw error;
  };
}
