import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Logger } from '../base/index.ts';

export interface ConsolePages {
  /** The folder with index.html; absent when the pages could not be built. */
  readonly folder: string | undefined;
  readonly problem: string | undefined;
}

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = join(ROOT, 'console');

/**
 * The console's pages, built once per version of their sources into the cache, so that a checkout may
 * be read-only and several homes share them. Without them the API works all the same.
 */
export async function buildConsole(cache: string, log: Logger): Promise<ConsolePages> {
  const folder = join(cache, 'console', hashOf(SOURCES));
  if (existsSync(join(folder, 'index.html'))) return { folder, problem: undefined };
  const draft = `${folder}.${process.pid}`;
  try {
    mkdirSync(join(cache, 'console'), { recursive: true });
    const output = await runVite(draft);
    if (!existsSync(join(draft, 'index.html'))) return { folder: undefined, problem: lastLine(output) };
    writeFileSync(join(draft, '.complete'), '');
    renameSync(draft, folder);
    log.info({ folder }, 'built the console');
    return { folder, problem: undefined };
  } catch (error) {
    // Another start of the same version may have been quicker.
    if (existsSync(join(folder, 'index.html'))) return { folder, problem: undefined };
    return { folder: undefined, problem: (error as Error).message };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function runVite(target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
    const child = spawn(process.execPath, [vite, 'build', '--outDir', target, '--emptyOutDir', '--logLevel', 'warn'], {
      cwd: SOURCES, stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, NODE_ENV: 'production' },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('exit', () => resolve(output));
  });
}

/** Names and contents of everything that the build reads. */
function hashOf(folder: string): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).toSorted((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    if (!entry.isFile() || /^(node_modules|dist|test)\b/.test(name) || /\.test\.tsx?$/.test(name)) continue;
    hash.update(`\0${name}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 24);
}

function lastLine(output: string): string {
  return output.split('\n').filter((line) => line.trim() !== '').at(-1)?.trim() ?? 'the build wrote no index.html';
}
