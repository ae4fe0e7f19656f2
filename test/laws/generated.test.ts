import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../scripts/generate/outputs.ts';
import { ROOT } from './support/sources.ts';

describe('generated references', () => {
  it.each([...generatedFiles()])('%s is up to date (npm run generate)', (path, content) => {
    expect(readFileSync(join(ROOT, path), 'utf8') === content).toBe(true);
  });
});
