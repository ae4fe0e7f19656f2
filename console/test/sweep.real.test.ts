/* All pages in all states four times over: minutes in a real browser, so it runs among the long suites. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DIALOGS, PAGES } from './addresses.ts';
import { OF_COLOURS, violations } from './axe.ts';
import { noBrowser } from './browser.ts';
import { dialogsFit } from './dialogs.ts';
import { MODES, openPage, settle } from './looking.ts';
import { withConsole } from './with-console.ts';

it('has a browser to look with', () => expect(noBrowser).toBeUndefined());

describe.skipIf(noBrowser !== undefined)('every page of the console in Chromium', () => {
  const desk = withConsole();

  /** Goes to another page inside the console, as a link does. */
  async function go(page: Page, path: string): Promise<void> {
    const before = await page.title();
    await page.evaluate((to) => history.pushState(null, '', to), path);
    await page.waitForFunction((title) => document.title !== title, before);
  }

  for (const dark of [false, true]) {
    for (const width of [1280, 390]) {
      it(`has no axe violation on any page: ${dark ? 'dark' : 'light'}, ${width} wide, in every state`, async () => {
        const { context, page, faults } = await openPage(desk.browser, { dark, width });
        const wrong: string[] = [];
        for (const mode of MODES) {
          desk.mock.reset(mode);
          for (const path of PAGES) {
            await (path === PAGES[0] ? page.goto(desk.mock.url + path) : go(page, path));
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

  it('has no axe violation in any dialog, each of which fits 390 pixels and is closed by esc', async () => {
    desk.mock.reset('full');
    const { context, page, faults } = await openPage(desk.browser);
    const wrong: string[] = [];
    for (const [path, button] of DIALOGS) {
      await page.goto(desk.mock.url + path);
      await page.getByRole('button', { name: new RegExp(`^${button}`) }).first().click();
      await page.getByRole('dialog').waitFor();
      for (const line of await violations(page)) wrong.push(`${path} ${button}: ${line}`);
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 844 });
        if (!(await dialogsFit(page))) wrong.push(`${path} ${button}: wider than its dialog at ${width}`);
      }
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await context.close();
    expect(wrong).toEqual([]);
    expect(faults).toEqual([]);
  }, 400_000);
});
