import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';

const faults: string[] = [];

describe.skipIf(noBrowser !== undefined)('the screen of a lease in Chromium, against a stand-in of a VNC server', () => {
  const shown = withConsole();

  async function open(name: string, after = ''): Promise<Page> {
    shown.mock.reset('full');
    shown.mock.screen.refuse(false);
    const context = await shown.browser.newContext({ viewport: { width: 1280, height: 844 }, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy/.test(message.text())) faults.push(message.text());
    });
    await page.goto(`${shown.mock.url}/fleet/leases/${shown.mock.world().fleet.leases.find((lease) => lease.name === name)?.id}/screen${after}`);
    return page;
  }
  const drawn = (page: Page): Promise<unknown> => page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.screen-place canvas');
    return canvas !== null && canvas.width === 64 && (canvas.getContext('2d')?.getImageData(5, 5, 1, 1).data[0] ?? 0) === 0x7f;
  });

  it('draws it, types, holds ⌘, and opens anew with another ticket after the network was lost', async () => {
    const page = await open('ios-screens');
    await page.getByText('Connected.', { exact: true }).waitFor();
    await drawn(page);
    await page.getByRole('application').locator('canvas').click();
    await page.keyboard.press('a');
    await page.getByRole('button', { name: 'Hold Command' }).click();
    await page.getByRole('button', { name: '⌘ Space' }).click();
    await expect.poll(() => shown.mock.screen.keys).toEqual([0x61, 0xff_e9, 0xff_e9, 0x20]);
    await page.getByRole('button', { name: 'Actual size' }).click();
    const before = shown.mock.screen.tickets.length;
    shown.mock.screen.cut();
    await page.getByText(/^The screen is not connected. Trying again in 1 s \(try 1 of 8\)/).waitFor();
    await page.getByText('Connected.', { exact: true }).waitFor();
    await drawn(page);
    expect(new Set(shown.mock.screen.tickets).size).toBe(before + 1);
    expect(faults).toEqual([]);
    await page.context().close();
  }, 60_000);

  it('hands texts over in both directions, each by a press', async () => {
    const page = await open('ios-screens');
    await page.getByText('Connected.', { exact: true }).waitFor();
    await page.getByLabel('To the machine\'s clipboard').fill('from here');
    await page.getByRole('button', { name: 'Send it' }).click();
    await expect.poll(() => shown.mock.screen.pasted.at(-1)).toBe('from here');
    shown.mock.screen.copy('<b>from there</b>');
    await page.waitForFunction(() => [...document.querySelectorAll('textarea')].some(({ value }) => value === '<b>from there</b>'));
    await page.getByRole('button', { name: 'Copy it here' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('<b>from there</b>');
    await page.context().close();
  }, 60_000);

  it('only looks where that is chosen, and invites another by a link that leaves the address', async () => {
    const page = await open('ios-screens');
    await page.getByText('Connected.', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Only look' }).click();
    await page.getByText('You only look').waitFor();
    await page.getByText('Connected.', { exact: true }).waitFor();
    const typed = shown.mock.screen.keys.length;
    await page.getByRole('application').locator('canvas').click();
    await page.keyboard.press('b');
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Who').selectOption({ index: 1 });
    await form.getByRole('button', { name: 'Make the link' }).click();
    const link = await form.locator('code', { hasText: '#ticket=' }).textContent();
    expect(link).toMatch(/\/screen#ticket=ticket_of_the_stand_in_\d+&mode=view$/);
    expect(shown.mock.screen.keys.length).toBe(typed);
    const guest = await open('ios-screens', `#${link?.split('#')[1]}`);
    await guest.getByText('Connected.', { exact: true }).waitFor();
    expect(guest.url()).not.toContain('ticket');
    expect(shown.mock.screen.tickets.at(-1)).toBe(/ticket=(\w+)/.exec(link ?? '')?.[1]);
    await guest.context().close();
    await page.context().close();
  }, 60_000);

  it('says honestly that a lease has ended, before and while one looks', async () => {
    const over = await open('smoke-test');
    await over.getByText('It is over: its time was over. Its screen is cut, and its machines are wiped').waitFor();
    await over.context().close();
    const page = await open('ios-screens');
    await page.getByText('Connected.', { exact: true }).waitFor();
    Object.assign(shown.mock.world().fleet.leases.find(({ name }) => name === 'ios-screens')!, { state: 'ended', reason: 'ended by Ravi Menon' });
    shown.mock.screen.refuse(true);
    shown.mock.screen.cut();
    await page.getByText('It is over: ended by Ravi Menon.').waitFor();
    await page.context().close();
  }, 60_000);
});
