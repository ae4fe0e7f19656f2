// `npm test`: sets up what the tests need, runs them, and closes with `N passed, N failed`.
// `npm run test:real` runs the suites on heavy real parts (`*.real.test.ts`).
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { installPrograms } from './debian.mjs';
import { codeCache, findNode, install, root } from './node24.mjs';

/** Programs of Debian's that tests drive as real parts. */
const PROGRAMS = ['ip', 'nft', 'faketime', 'chromium', 'bwrap', 'sshd', 'ssh', 'curl', 'rsync', 'Xtigervnc', 'xev', 'xclip', 'mmdebstrap', 'ethtool', ...(process.arch === 'x64' ? ['linux.uml'] : [])];

/** Longer hangs: some test waits in a way that its own time limit does not end. Minutes, several times what a machine needs that is not busy. */
const LIMIT_MINUTES = { unit: { suite: 40, file: 10 }, acceptance: { suite: 20, file: 15 }, real: { suite: 60, file: 35 } };

const real = process.argv.includes('--real');
const filters = process.argv.slice(2).filter((word) => word !== '--real');

install({ dev: true });
const missing = installPrograms(PROGRAMS);
if (missing.length > 0) console.error(`Not installed: ${missing.join(', ')}. Tests that need them say so and fail under CI.\n  Next: sudo apt-get install ${missing.join(' ')}`);

const suites = real ? ['real'] : ['unit', 'acceptance'];
const totals = { passed: 0, failed: 0, skipped: 0 };
const notRun = [];
/** Told again at the end: what a machine keeps of a long output is its last lines. */
const failures = [];
for (const suite of suites) await run(suite);
reportNotRun();

const line = `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`;
if (process.env.TANDEM_TEST_TOTALS) writeFileSync(process.env.TANDEM_TEST_TOTALS, JSON.stringify({ ...totals, failures }));
else console.log(`${failures.map((one) => `\nFailed: ${one}`).join('')}\n${line}`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);

async function run(suite) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  const report = join(folder, 'report.json');
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(root, 'vitest.config.ts'), '--passWithNoTests',
    '--reporter=default', '--reporter=json', `--reporter=${join(root, 'test/support/running-tests.ts')}`, `--outputFile.json=${report}`, ...filters];
  const status = await ended(spawn(findNode(), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...codeCache(process.env), ...process.env, TANDEM_SUITE: suite, TANDEM_TEST_RUNNING: join(folder, 'running') } }), suite, join(folder, 'running'));
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    totals.passed += result.numPassedTests;
    for (const file of result.testResults) {
      for (const one of file.assertionResults) if (!['passed', 'failed'].includes(one.status)) notRun.push(one.fullName);
      failures.push(...failuresOf(file));
    }
    // A file that cannot be loaded has no test that failed, and still counts.
    const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((one) => one.status !== 'failed')).length;
    totals.failed += result.numFailedTests + broken;
    if (status !== 0 && result.numFailedTests + broken === 0) {
      totals.failed += 1;
      failures.push(`the ${suite} tests ended with ${status}, though none failed`);
    }
  } catch {
    totals.failed += 1;
    failures.push(`the ${suite} tests ended without a report`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for each test of a file that failed, or for the file where it could not be loaded. */
function failuresOf({ name, status, message, assertionResults }) {
  const lines = assertionResults.filter((one) => one.status === 'failed').map((one) => `${relative(root, name)}: ${one.fullName}: ${firstLine(one.failureMessages[0])}`);
  return status === 'failed' && lines.length === 0 ? [`${relative(root, name)}: ${firstLine(message)}`] : lines;
}

function firstLine(text = '') {
  return stripVTControlCharacters(text).trim().split('\n')[0].slice(0, 300);
}

/** Resolves with the exit status. A run that hangs is ended, and what was running is named. */
function ended(child, suite, running) {
  const limit = LIMIT_MINUTES[suite];
  const startedMs = Date.now();
  const watchdog = setInterval(() => {
    const now = readRunning(running);
    const minutes = (sinceMs) => (Date.now() - sinceMs) / 60_000;
    if (minutes(startedMs) < limit.suite && !now.some(({ sinceMs }) => minutes(sinceMs) >= limit.file)) return;
    clearInterval(watchdog);
    console.error(`\nThe ${suite} tests hang and are stopped after ${minutes(startedMs).toFixed(0)} minutes. Running now:`);
    console.error(now.map(({ name, sinceMs }) => `  ${name} (since ${minutes(sinceMs).toFixed(1)} minutes)`).join('\n'));
    const all = descendants(child.pid);
    console.error(all.map(({ pid, command }) => `  ${pid} ${command.slice(0, 200)}`).join('\n'));
    for (const { pid } of [...all, { pid: child.pid }]) kill(pid);
  }, 5_000);
  return new Promise((resolve) => child.on('exit', (code) => {
    clearInterval(watchdog);
    resolve(code ?? 1);
  }));
}

function readRunning(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
}

function descendants(pid) {
  const rows = spawnSync('ps', ['-ww', '-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).stdout.split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)).filter(Boolean).map(([, own, parent, command]) => ({ pid: Number(own), parent: Number(parent), command }));
  const below = (of) => rows.filter((row) => row.parent === of).flatMap((row) => [row, ...below(row.pid)]);
  return below(pid);
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** A test that cannot run here is named; under CI, where everything it needs is installed, that is a failure. */
function reportNotRun() {
  if (notRun.length === 0) return;
  const reason = process.getuid?.() === 0 ? 'a program or a right that they need is missing here' : 'they need root (other users, small disks) or a browser';
  console.error(`\nNot run, because ${reason}:\n${notRun.map((name) => `  ${name}`).join('\n')}`);
  if (process.env.CI && filters.length === 0) {
    totals.failed += notRun.length;
    failures.push(...notRun.map((name) => `${name}: not run`));
  } else totals.skipped += notRun.length;
}
