import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';

describe.skipIf(noBrowser !== undefined)('a terminal of a lease in Chromium, against a stand-in of one', () => {
  const shown = withConsole();
  let faults: string[] = [];
  beforeEach(() => {
    faults = [];
  });
  afterEach(() => Promise.all(shown.browser.contexts().map((context) => context.close())));

  async function open(name = 'nightly-evals', width = 1280): Promise<Page> {
    shown.mock.reset('full');
    const context = await shown.browser.newContext({ viewport: { width, height: 844 }, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
    });
    page.on('dialog', (dialog) => {
      faults.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('popup', () => faults.push('a window was opened'));
    await page.goto(`${shown.mock.url}/fleet/leases/${shown.mock.world().fleet.leases.find((lease) => lease.name === name)?.id}/terminal`);
    return page;
  }
  const rows = async (page: Page): Promise<string> => (await page.locator('.xterm-rows').innerText()).replaceAll('\u00a0', ' ');
  const connected = async (page: Page): Promise<void> => page.getByText('Connected.').waitFor();

  it('shows what programs write in its colours, types, pastes, and follows the page\'s size', async () => {
    const page = await open();
    await connected(page);
    shown.mock.terminal.say('\u001b[38;2;200;30;30mred\u001b[0m plain \u001b[1mbold\u001b[0m\r\n$ ');
    await expect.poll(() => rows(page)).toContain('red plain bold');
    // Colours are set by ways that the policy allows.
    expect(await page.locator('.xterm-rows span', { hasText: /^red$/ }).evaluate((span) => getComputedStyle(span).color)).toBe('rgb(200, 30, 30)');
    expect(await page.locator('.xterm-rows span', { hasText: /^bold$/ }).evaluate((span) => getComputedStyle(span).fontWeight)).toBe('700');
    await page.keyboard.type('ls -l');
    await page.keyboard.press('Enter');
    await expect.poll(() => shown.mock.terminal.typed()).toBe('ls -l\r');
    await page.evaluate(() => navigator.clipboard.writeText('two\nlines'));
    await page.getByRole('button', { name: 'Paste' }).click();
    await expect.poll(() => shown.mock.terminal.typed()).toBe('ls -l\rtwo\rlines');
    await page.getByRole('button', { name: 'Ctrl', exact: true }).click();
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Up' }).click();
    await expect.poll(() => shown.mock.terminal.typed()).toBe('ls -l\rtwo\rlines\u0003\u001b[A');
    const { columns } = shown.mock.terminal.opened.at(-1)!;
    await page.setViewportSize({ width: 800, height: 844 });
    await expect.poll(() => shown.mock.terminal.sizes.at(-1)?.columns ?? columns).toBeLessThan(columns);
    await page.locator('.xterm-screen').click();
    await page.keyboard.press('Shift+F6');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Ctrl');
    expect(faults).toEqual([]);
  }, 60_000);

  it('fits a telephone', async () => {
    const page = await open('nightly-evals', 390);
    await connected(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(shown.mock.terminal.opened.at(-1)!.columns).toBeGreaterThan(30);
  }, 60_000);

  it('is taken up again after a cut, and says what the server said when it refuses', async () => {
    const before = shown.mock.terminal.opened.length;
    const page = await open();
    await connected(page);
    shown.mock.terminal.cut();
    await page.getByText('Connected again: the shell went on meanwhile.').waitFor();
    expect(shown.mock.terminal.opened.slice(before).map(({ terminal }) => terminal)).toEqual([null, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    shown.mock.terminal.end(3);
    await page.getByText('The shell has ended with code 3.').waitFor();
    shown.mock.terminal.refuseNext(4409, 'lease_state: The lease is ending, so it cannot be entered.');
    await page.getByRole('button', { name: 'Open another' }).click();
    await page.getByRole('alert').getByText('The lease is ending, so it cannot be entered.').waitFor();
  }, 60_000);

  it('tells how far it is while a program writes without end, so that the server can wait', async () => {
    const page = await open();
    await connected(page);
    const before = shown.mock.terminal.read();
    const much = Buffer.alloc(400_000, 'y\r\n');
    shown.mock.terminal.say(much);
    await expect.poll(() => shown.mock.terminal.read() - before, { timeout: 20_000 }).toBe(much.length);
  }, 60_000);

  it('takes nothing from what a hostile machine writes but what is to be shown', async () => {
    const page = await open();
    await connected(page);
    await page.evaluate(() => navigator.clipboard.writeText('mine'));
    const title = await page.title();
    const script = `${Buffer.from('stolen').toString('base64')}`;
    shown.mock.terminal.say([
      // The clipboard, written and read; the window's title; a link that is a script; windows moved and asked for; a sequence that never ends.
      `\u001b]52;c;${script}\u0007`, '\u001b]52;c;?\u0007', '\u001b]0;evil\u0007', '\u001b]2;evil\u0007', '\u001b]8;;javascript:document.title=1\u0007press me\u001b]8;;\u0007\r\n',
      '\u001b[3;0;0t\u001b[9;1t\u001b[21t', '<img src=x onerror="document.title=1"><script>document.title=1</script>\r\n', '\u202etxet\r\n', `\u001b]1337;File=inline=1:${'A'.repeat(100_000)}\u0007`,
      `\u001bP${'q'.repeat(2_000_000)}`, '\u001b\\', '\u001b[999999999;999999999H\u001b[12;1Hstill here\r\n',
    ].join(''));
    await expect.poll(() => rows(page), { timeout: 20_000 }).toContain('still here');
    const link = (await page.locator('.xterm-rows').getByText('press me').boundingBox())!;
    await page.mouse.click(link.x + 10, link.y + 5);
    expect(await page.title()).toBe(title);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('mine');
    expect(await page.locator('.xterm-rows img, .xterm-rows script, .xterm-rows a').count()).toBe(0);
    // Nothing was typed back: neither what the clipboard holds nor what the window is called.
    expect(shown.mock.terminal.typed()).not.toMatch(/bWluZQ|evil|52;/);
    expect(faults).toEqual([]);
  }, 60_000);

  it('says that it is recorded, and that a lease is over', async () => {
    shown.mock.terminal.recorded = true;
    const page = await open();
    await page.getByText('This session is recorded').waitFor();
    shown.mock.terminal.recorded = false;
    Object.assign(shown.mock.world().fleet.leases.find(({ name }) => name === 'nightly-evals')!, { state: 'ended', reason: 'ended by Ravi Menon' });
    shown.mock.terminal.cut();
    await page.getByText('It is over: ended by Ravi Menon.').waitFor();
  }, 60_000);
});
