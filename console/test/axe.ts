import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** To be loaded into every page before it is looked at. */
export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The rules whose answer the colour scheme can change: it changes nothing else of a page, which is asked all of them in the light. */
export const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** What breaks a rule on the page as it is now. @param rules those that are asked; all of them otherwise. */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  const results = await page.evaluate((runOnly) => (globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'], ...(runOnly && { runOnly }) }), rules);
  return results.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`));
}
