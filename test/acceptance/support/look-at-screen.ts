import type { Page } from 'playwright-core';
import { launch } from '../../../console/test/browser.ts';
import type { Program } from './program.ts';

export interface Looking {
  /** From opening the page to a picture of more than one colour. */
  readonly firstFrameMs: number;
  /** What the browser complained of. */
  readonly faults: readonly string[];
  /** Waits until the page says that the lease is over. */
  over(): Promise<void>;
  close(): Promise<void>;
}

/** A person who is signed in, in a real Chromium. */
export interface Viewer {
  readonly faults: readonly string[];
  /** Opens a lease's screen and waits for a picture. Returns how long that took. */
  look(leaseId: string): Promise<number>;
  over(): Promise<void>;
  close(): Promise<void>;
}

/** In the browser: the picture has a size and more than one colour. As text, because the program's own types know no page. */
const PAINTED = `(() => {
  const canvas = document.querySelector('.screen-place canvas');
  if (canvas === null || canvas.width < 640) return false;
  return new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 1;
})()`;

/** Signs in by the link that the start printed, which works once. */
export async function openViewer(program: Pick<Program, 'output' | 'url'>): Promise<Viewer> {
  const browser = await launch();
  const page: Page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  try {
    await page.goto(/http\S+\/login#token=\S+/.exec(program.output())![0]);
    await page.getByRole('link', { name: 'Fleet', exact: true }).waitFor();
  } catch (error) {
    await browser.close();
    throw error;
  }
  return {
    faults,
    async look(leaseId) {
      const openedMs = performance.now();
      await page.goto(`${program.url}/fleet/leases/${leaseId}/screen`);
      await page.getByText('Connected.', { exact: true }).waitFor();
      // Asked from here again and again: what waits inside the page would have to be made of text there, which the page's own policy forbids.
      for (let tries = 0; !(await page.evaluate<boolean>(PAINTED)); tries += 1) {
        if (tries === 600) throw new Error('the screen stays blank');
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      return performance.now() - openedMs;
    },
    over: () => page.getByText('Its screen is cut, and its machines are wiped').waitFor(),
    close: () => browser.close(),
  };
}

/** Somebody who looks at a lease's screen. */
export async function lookAtScreen(program: Program, leaseId: string): Promise<Looking> {
  const viewer = await openViewer(program);
  try {
    return { ...viewer, firstFrameMs: await viewer.look(leaseId) };
  } catch (error) {
    await viewer.close();
    throw error;
  }
}
