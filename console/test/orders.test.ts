import { describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { HOSTILE } from './mock-fleet.ts';
import { withConsole } from './with-console.ts';

describe.skipIf(noBrowser !== undefined)('orders in Chromium', () => {
  const shown = withConsole();

  const open = (path: string) => shown.open((world) => path.replace(/:(\w[\w-]*)/, (_, offer: string) => world.orders.find((one) => one.offer === offer)?.id ?? ''));

  it('say which machine needs somebody and why, and what is billed without an order', async () => {
    const page = await open('/fleet/orders');
    await page.getByRole('heading', { name: '3 machines are ordered; one needs somebody.' }).waitFor();
    await page.getByRole('row', { name: /^M2-L macs-paris Needs somebody the machine lets neither/ }).waitFor();
    await page.getByRole('row', { name: /^M1-M macs-paris Asked for Scaleway is out of stock/ }).waitFor();
    await page.getByRole('table', { name: 'Billed without an order' }).getByText(HOSTILE, { exact: true }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.context().close();
  });

  it('show each step to a node, and are given back after a word', async () => {
    const page = await open('/fleet/orders/:M4-M');
    await page.getByRole('row', { name: /^Look from outside Done 1 22 silent, 5900 silent/ }).waitFor();
    await page.getByText('the one that answered first is believed since').waitFor();
    await page.getByRole('link', { name: 'in the pool macs' }).waitFor();
    await page.getByRole('button', { name: 'Give back' }).click();
    await page.getByRole('dialog').getByText(/\.\/tandem orders release/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Give it back' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(shown.mock.world().orders.find(({ offer }) => offer === 'M4-M')?.wanted).toBe('released');
    await page.context().close();
  });

  it('say that there is no account only once that is known', async () => {
    for (const [mode, shows] of [['loading', 'There is nothing to order yet.'], ['error', 'The server has had no contact with its database for 7 s and cannot check this call.']] as const) {
      shown.mock.reset(mode);
      const page = await shown.browser.newPage();
      await page.goto(`${shown.mock.url}/fleet/orders/new`);
      await page.getByText(shows).waitFor();
      expect(await page.getByText('There are none').count()).toBe(0);
      await page.close();
    }
  });

  it('have their price and ceiling before the button', async () => {
    const page = await open('/fleet/orders/new');
    await page.getByText('€6.96, for 24 hours').waitFor();
    const button = page.getByRole('button', { name: 'Order it' });
    await page.getByText('Write what it may cost at most.').waitFor();
    await page.getByLabel('Machine', { exact: true }).selectOption('M1-M');
    await page.getByText('not known').first().waitFor();
    await page.getByLabel('Machine', { exact: true }).selectOption('M4-M');
    await page.getByLabel('At most, EUR').fill('20');
    await page.getByText('./tandem orders create macs-paris M4-M --at-most 20').waitFor();
    await button.click();
    await page.waitForURL(/\/fleet\/orders\/[0-9a-f-]{36}/);
    expect(shown.mock.world().orders[0]).toMatchObject({ offer: 'M4-M', cost: { ceiling: '20000000000000' } });
    await page.context().close();
  });
});
