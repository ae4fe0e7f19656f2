import type { Browser, BrowserContext, Page } from 'playwright-core';
import { axe } from './axe.ts';
import type { Mode } from './mock-api.ts';
import { NOW } from './mock-data.ts';

export const MODES: readonly Mode[] = ['full', 'empty', 'loading', 'error'];

/** A page at the time of the stand-in's data, with axe in it. `faults` gets what the browser complains of. */
export async function openPage(browser: Browser, options: { dark?: boolean; width?: number } = {}): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
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

/** Until the page shows what it will show: content, or an error; in the loading mode, its placeholders. */
export async function settle(page: Page, mode: Mode): Promise<void> {
  await page.locator('h1').first().waitFor();
  if (mode !== 'loading') await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null && document.querySelector('.lead.busy') === null);
  await page.waitForFunction(() => document.querySelector('.section .plot-place:empty') === null || document.querySelector('[aria-busy="true"]') !== null);
}
