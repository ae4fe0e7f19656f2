import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');

export interface Source {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Source files by glob, without what is generated, built or installed. */
export function sources(...patterns: string[]): Source[] {
  const generated = new Set(['src/cli/client/schema.ts']);
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: ['**/node_modules', '**/dist'] }))
    .filter((path) => !generated.has(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** What a file imports by relative path or name, types included: `import`, `export … from`, and `import()` of a literal. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = [...code.matchAll(/(?:^|;)\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|;)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm)];
  return statements.map((match) => match[1] ?? match[2] ?? match[3]!);
}
