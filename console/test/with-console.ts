import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { buildConsole, launch } from './browser.ts';
import { startMockApi, type MockApi } from './mock-api.ts';

/** What the tests of one file look with; there once they run. */
export interface WithConsole {
  readonly browser: Browser;
  readonly mock: MockApi;
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
  };
}
