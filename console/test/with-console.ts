import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildConsole, launch } from './browser.ts';
import { startMockApi, type MockApi } from './mock-api.ts';
import { NOW, type World } from './mock-data.ts';

/** What the tests of one file look with; there once they run. */
export interface WithConsole {
  readonly browser: Browser;
  readonly mock: MockApi;
  /** A page of a stand-in that has everything, as it was at first, in a browser of its own at the stand-in's time; it may copy. @param path or what says it of what the stand-in has. */
  open(path: string | ((world: World) => string)): Promise<Page>;
}

/** One build of the console, its stand-in of the API and one browser, for the `describe` that this is called in. */
export function withConsole(): WithConsole {
  let dist: string | undefined;
  let mock: MockApi;
  let browser: Browser;
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
  return {
    get browser() { return browser; },
    get mock() { return mock; },
    async open(path) {
      mock.reset('full');
      const context = await browser.newContext({ viewport: { width: 1280, height: 844 }, reducedMotion: 'reduce' });
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      const page = await context.newPage();
      await page.clock.setFixedTime(NOW);
      await page.goto(mock.url + (typeof path === 'string' ? path : path(mock.world())));
      return page;
    },
  };
}
