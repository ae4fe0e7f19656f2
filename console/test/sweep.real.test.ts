/* All pages in all states four times over: minutes in a real browser, so it runs among the long suites. */
import { rm } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OF_COLOURS, axe, violations } from './axe.ts';
import { buildConsole, launch, noBrowser } from './browser.ts';
import { startMockApi, type MockApi, type Mode } from './mock-api.ts';
import { PAGES } from './addresses.ts';
import { NOW } from './mock-data.ts';

const MODES: readonly Mode[] = ['full', 'empty', 'loading', 'error'];

let browser: Browser;
let mock: MockApi;
let dist: string;

it('has a browser to look with', () => expect(noBrowser).toBeUndefined());

describe.skipIf(noBrowser !== undefined)('every page of the console in Chromium', () => {
  beforeAll(async () => {
    dist = await buildConsole();
    mock = await startMockApi(dist);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await mock?.close();
    if (dist) await rm(dist, { recursive: true, force: true });
  });

  async function open(options: { dark?: boolean; width?: number } = {}): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    const context = await browser.newContext({ viewport: { width: options.width ?? 1280, height: 844 }, colorScheme: options.dark ? 'dark' : 'light', reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await context.addInitScript({ content: axe });
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // Refused calls are part of the error state; everything else that the browser complains of is a fault.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
    });
    return { context, page, faults };
  }

  /** Goes to another page inside the console, as a link does. */
  async function go(page: Page, path: string): Promise<void> {
    const before = await page.title();
    await page.evaluate((to) => history.pushState(null, '', to), path);
    await page.waitForFunction((title) => document.title !== title, before);
  }

  /** Until the page shows what it will show: content, or an error; in the loading mode, its placeholders. */
  async function settle(page: Page, mode: Mode): Promise<void> {
    await page.locator('h1').first().waitFor();
    if (mode !== 'loading') await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null && document.querySelector('.lead.busy') === null);
    await page.waitForFunction(() => document.querySelector('.section .plot-place:empty') === null || document.querySelector('[aria-busy="true"]') !== null);
  }

  for (const dark of [false, true]) {
    for (const width of [1280, 390]) {
      it(`has no axe violation on any page: ${dark ? 'dark' : 'light'}, ${width} wide, in every state`, async () => {
        const { context, page, faults } = await open({ dark, width });
        const wrong: string[] = [];
        for (const mode of MODES) {
          mock.reset(mode);
          for (const path of PAGES) {
            await (path === PAGES[0] ? page.goto(mock.url + path) : go(page, path));
            await settle(page, mode);
            for (const line of await violations(page, dark ? OF_COLOURS : undefined)) wrong.push(`${mode} ${path}: ${line}`);
            if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push(`${mode} ${path}: wider than the screen`);
          }
        }
        await context.close();
        expect(wrong).toEqual([]);
        expect(faults).toEqual([]);
      }, 400_000);
    }
  }
});
