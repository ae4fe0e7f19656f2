// `npm test`: sets up what the tests need, runs them, and closes with `N passed, N failed`.
// `npm run test:real` runs the suites on heavy real parts (`*.real.test.ts`).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNode, install, root } from './node24.mjs';

/** Debian packages that tests drive as real parts: the program to look for, and the package that has it. */
const DEBIAN = { chromium: 'chromium' };

const real = process.argv.includes('--real');
const filters = process.argv.slice(2).filter((word) => word !== '--real');

install({ dev: true });
installDebianPackages();

const suites = real ? ['real'] : ['unit', 'acceptance'];
const totals = { passed: 0, failed: 0, skipped: 0 };
const notRun = [];
for (const suite of suites) run(suite);
reportNotRun();

const line = `${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`;
if (process.env.TANDEM_TEST_TOTALS) writeFileSync(process.env.TANDEM_TEST_TOTALS, JSON.stringify(totals));
else console.log(`\n${line}`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);

function run(suite) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  const report = join(folder, 'report.json');
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(root, 'vitest.config.ts'), '--passWithNoTests',
    '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters];
  const done = spawnSync(findNode(), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, TANDEM_SUITE: suite } });
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    totals.passed += result.numPassedTests;
    for (const file of result.testResults) {
      for (const one of file.assertionResults) if (!['passed', 'failed'].includes(one.status)) notRun.push(one.fullName);
    }
    // A file that cannot be loaded has no test that failed, and still counts.
    const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((one) => one.status !== 'failed')).length;
    totals.failed += result.numFailedTests + broken;
    if (done.status !== 0 && result.numFailedTests + broken === 0) totals.failed += 1;
  } catch {
    console.error(`The ${suite} tests ended without a report.`);
    totals.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A test that cannot run here is named; under CI, where everything it needs is installed, that is a failure. */
function reportNotRun() {
  if (notRun.length === 0) return;
  const reason = process.getuid?.() === 0 ? 'a program or a right that they need is missing here' : 'they need root (other users, small disks) or a browser';
  console.error(`\nNot run, because ${reason}:\n${notRun.map((name) => `  ${name}`).join('\n')}`);
  if (process.env.CI && filters.length === 0) totals.failed += notRun.length;
  else totals.skipped += notRun.length;
}

function installDebianPackages() {
  const missing = Object.entries(DEBIAN).filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0).map(([, name]) => name);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`Not installed: ${missing.join(', ')}. Tests that need them say so and fail under CI.\n  Next: sudo apt-get install ${missing.join(' ')}`);
    return;
  }
  console.error(`Installing Debian packages for tests: ${missing.join(', ')}...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const done = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { stdio: ['ignore', 'ignore', 'inherit'], env });
  if (done.status !== 0) console.error(`apt-get could not install ${missing.join(', ')}.`);
}
