import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './support/sources.ts';
import { tool } from './support/spawn.ts';

const passes = ({ code, output }: { code: number | null; output: string }) => expect(code, output.slice(0, 6_000)).toBe(0);

describe('the tools of the house find nothing', () => {
  it('types of the server, the CLI and the tests (tsc)', { timeout: 180_000 }, async () => {
    passes(await tool('node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'));
  });

  it.runIf(existsSync(join(ROOT, 'console/tsconfig.json')))('types of the console (tsc)', { timeout: 180_000 }, async () => {
    passes(await tool('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'console'));
  });

  it('lint (oxlint)', { timeout: 120_000 }, async () => {
    passes(await tool('node_modules/oxlint/bin/oxlint', '--format', 'unix', '.'));
  });

  it('unused files, exports and packages (knip)', { timeout: 180_000 }, async () => {
    passes(await tool('node_modules/knip/bin/knip.js', '--no-progress'));
  });
});
