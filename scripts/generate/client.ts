import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Generator {
  readonly default: (document: Record<string, unknown>, options: Record<string, unknown>) => Promise<unknown[]>;
  readonly astToString: (nodes: unknown[]) => string;
}

/**
 * The types of both clients, by openapi-typescript. It needs TypeScript 5 while the rest is checked by 7,
 * so it is loaded from a workspace of its own.
 */
export async function clientTypes(root: string, document: Record<string, unknown>): Promise<string> {
  const tools = createRequire(join(root, 'tools/openapi/package.json'));
  const generator = (await import(pathToFileURL(tools.resolve('openapi-typescript')).href)) as Generator | { default: Generator };
  const { default: generate, astToString } = 'astToString' in generator ? generator : generator.default;
  const nodes = await generate(structuredClone(document), {
    // A field with a default may be left out of a request.
    defaultNonNullable: false,
    exportType: false,
    alphabetize: false,
  });
  return `// Generated from docs/reference/openapi.json by \`npm run generate\`. Do not edit.\n\n${astToString(nodes)}`;
}
