import type { Page } from 'playwright-core';

/** Whether every open dialog shows all of its width. What was resized is laid out a frame or two later. */
export function dialogsFit(page: Page): Promise<boolean> {
  const fit = page.waitForFunction(() => {
    const dialogs = [...document.querySelectorAll('[role="dialog"], dialog[open]')];
    return dialogs.length > 0 && dialogs.every((dialog) => dialog.scrollWidth <= dialog.clientWidth);
  }, null, { timeout: 3_000 });
  return fit.then(() => true, () => false);
}
