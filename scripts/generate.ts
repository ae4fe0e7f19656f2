import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './generate/outputs.ts';

/** `npm run generate`: writes every generated reference and client. Prints only what changed. */
const root = join(import.meta.dirname, '..');
for (const [path, content] of generatedFiles()) {
  const file = join(root, path);
  if (read(file) === content) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  process.stdout.write(`${path}\n`);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
