import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';

describe.skipIf(noBrowser !== undefined)('recordings of a lease in Chromium', () => {
  const shown = withConsole();
  let faults: string[] = [];
  beforeEach(() => {
    faults = [];
  });
  afterEach(() => Promise.all(shown.browser.contexts().map((context) => context.close())));

  async function open(width = 1280): Promise<Page> {
    shown.mock.reset('full');
    const context = await shown.browser.newContext({ viewport: { width, height: 844 }, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
    });
    page.on('dialog', (dialog) => {
      faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('popup', () => faults.push('a window was opened'));
    await page.goto(`${shown.mock.url}/fleet/leases/${shown.mock.world().fleet.leases.find(({ name }) => name === 'ios-screens')?.id}/recordings`);
    await page.getByText('5 sessions were recorded.').waitFor();
    return page;
  }
  const rows = async (page: Page): Promise<string> => (await page.locator('.xterm-rows').innerText()).replaceAll('\u00a0', ' ');

  it('plays one, to and fro', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Play' }).first().click();
    await expect.poll(() => rows(page)).toContain('$ make');
    expect(await rows(page)).not.toContain('built');
    const seek = page.getByLabel('Position');
    await seek.fill('10');
    await expect.poll(() => rows(page)).toContain('$ exit');
    await seek.fill('2.5');
    await expect.poll(async () => (await rows(page)).includes('built') && !(await rows(page)).includes('exit')).toBe(true);
    await page.getByRole('button', { name: '8×' }).click();
    await page.getByLabel(/^Recording of/).locator('xpath=..').getByRole('button', { name: 'Play' }).click();
    await page.getByText('0:10 of 0:10').waitFor();
    expect(await rows(page)).toContain('$ exit');
    expect(faults).toEqual([]);
  }, 60_000);

  it('shows a hostile one as what it is: a text', async () => {
    const page = await open();
    await page.evaluate(() => navigator.clipboard.writeText('mine'));
    const title = await page.title();
    await page.getByRole('button', { name: 'Play' }).nth(1).click();
    await expect.poll(() => rows(page)).toContain('still here');
    const link = (await page.locator('.xterm-rows').getByText('press me').boundingBox())!;
    await page.mouse.click(link.x + 10, link.y + 5);
    expect([await page.title(), await page.evaluate(() => navigator.clipboard.readText())]).toEqual([title, 'mine']);
    expect(await page.locator('.xterm-rows img, .xterm-rows script, .xterm-rows a, main img').count()).toBe(0);
    expect(faults).toEqual([]);
  }, 60_000);

  it('refuses one that is none, in words, and fits a telephone', async () => {
    const page = await open(390);
    await page.getByRole('button', { name: 'Play' }).nth(2).click();
    await page.getByRole('alert').getByText('The recording cannot be played: line 3 is not JSON.').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByRole('button', { name: 'Play' }).first().click();
    await expect.poll(() => rows(page)).toContain('$ make');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }, 60_000);
});
