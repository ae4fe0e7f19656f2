/**
 * `npm run bench -- cli`: how long commands take as a person's shell sees them, shim included, against the limit of 100 ms.
 * Starts a server of its own; median of 20 runs after two to warm the code cache.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { printed, startOnCore, stop } from '../support/processes.ts';
import { scratchFolder } from '../support/scratch.ts';
import { markdown, median, spread } from '../support/stats.ts';
import { requireTools } from '../support/tools.ts';

const ROOT = join(import.meta.dirname, '../..');
const RUNS = 20;
const LIMIT_MS = 100;

requireTools(['taskset']);
const home = scratchFolder('bench-home');
const env = { ...process.env, TANDEM_HOME: home, TANDEM_PORT: '19950', TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: 'warn' };
const server = startOnCore(0, [process.execPath, join(ROOT, 'src/start/main.ts'), 'up'], { env });
await printed(server, 'Ctrl-C stops everything.');

const time = (command: string, args: readonly string[]) => {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, { env, encoding: 'utf8', cwd: ROOT });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return performance.now() - started;
};

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ['node -e 0 (the floor)', process.execPath, ['-e', '0']],
  ['./tandem --help', './tandem', ['--help']],
  ['./tandem keys', './tandem', ['keys']],
  ['./tandem bill', './tandem', ['bill']],
];
const rows = cases.map(([name, command, args]) => {
  for (let warm = 0; warm < 2; warm += 1) time(command, args);
  const figures = Array.from({ length: RUNS }, () => time(command, args));
  return [name, median(figures).toFixed(0), spread(figures), median(figures) <= LIMIT_MS ? 'yes' : 'no'];
});
console.log(`Median of ${RUNS} runs, smallest–largest.\n`);
console.log(markdown(['command', 'median ms', 'range', `≤ ${LIMIT_MS} ms`], rows));
await stop(server);
