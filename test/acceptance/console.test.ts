import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../../console/test/browser.ts';
import { startProgram, stopEverything, type Program } from './support/program.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('there is a browser to look with', () => expect(noBrowser).toBeUndefined());

describe.skipIf(noBrowser !== undefined)('the console of the running program', () => {
  let program: Program;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    [program, browser] = await Promise.all([startProgram({ direct: true, env: { TANDEM_LOG: 'warn' } }), launch()]);
    const context = await browser.newContext({ viewport: { width: 1280, height: 844 }, bypassCSP: false });
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await program?.interrupt();
    stopEverything();
  });

  async function violations(): Promise<string[]> {
    await page.evaluate(axe);
    const results = await page.evaluate(() => (globalThis as unknown as { axe: { run: (options: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'] }));
    return results.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}`));
  }

  const open = (path: string) => page.goto(`${program.url}${path}`, { waitUntil: 'networkidle' }).catch(() => page.waitForLoadState('domcontentloaded'));

  test('the link that start printed signs in once', async () => {
    const link = /http\S+\/login#token=\S+/.exec(program.output())![0];
    await page.goto(link);
    await page.getByText('Everything works.').waitFor();
    expect(await violations()).toEqual([]);

    const other = await browser.newContext();
    const second = await other.newPage();
    await second.goto(link);
    await second.getByText(/link/i).first().waitFor();
    expect(await second.getByText('Everything works.').count()).toBe(0);
    await other.close();
  });

  test('the playground answers by the real model and shows tokens, latency and cost', async () => {
    await open('/playground');
    await page.getByLabel('Your message').fill('What is the capital of France?');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('The capital of France is Paris.').first().waitFor({ timeout: 60_000 });
    await page.getByText(/\$0\.0{4,}\d+/).first().waitFor();
    expect(await violations()).toEqual([]);
  });

  test('the bill has the line within five seconds', async () => {
    const started = performance.now();
    await open('/money/bill');
    await page.getByRole('link', { name: 'default' }).or(page.getByRole('cell', { name: 'default' })).first().waitFor({ timeout: 5_000 });
    expect(await page.getByText('so far, for 1 request').count()).toBe(1);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await violations()).toEqual([]);
  });

  test.each(['/', '/keys', '/money/budgets', '/money/prices', '/money/invoices', '/money/credits', '/settings/members', '/settings/backends', '/settings/models', '/settings/trail'])('%s has nothing that axe objects to', async (path) => {
    await open(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await violations()).toEqual([]);
  });

  test('nothing was refused by the content security policy and no script failed', () => expect(faults).toEqual([]));
});
