import { defineConfig } from 'vitest/config';

/** `unit` tests stand beside the code, `acceptance` drives the running program, `real` needs heavy real parts. */
const suite = process.env['TANDEM_SUITE'] ?? 'unit';
const include = {
  unit: ['src/**/*.test.ts', 'test/**/*.test.ts', 'console/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts', 'agent/**/*.test.ts'],
  acceptance: ['test/acceptance/**/*.test.ts'],
  real: ['**/*.real.test.ts'],
}[suite];
if (!include) throw new Error(`TANDEM_SUITE is unit, acceptance or real, not ${suite}`);

export default defineConfig({
  test: {
    include,
    exclude: ['**/node_modules/**', ...(suite === 'real' ? [] : ['**/*.real.test.ts']), ...(suite === 'unit' ? ['test/acceptance/**'] : [])],
    // Costs nothing until a test asks for a database.
    globalSetup: suite === 'acceptance' ? [] : ['test/support/postgres.ts'],
    pool: 'forks',
    maxWorkers: 2,
    fileParallelism: suite === 'unit',
    // Agents of tests run on this very machine: none of them makes it forward. Tests of leases' networks say otherwise, in namespaces of their own.
    env: { TANDEM_AGENT_NETWORK: 'none' },
    testTimeout: suite === 'unit' ? 60_000 : 300_000,
    // A hook that hangs after each of forty tests must not take hours.
    hookTimeout: suite === 'unit' ? 60_000 : 120_000,
  },
});
