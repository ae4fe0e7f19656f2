import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';

describe.skipIf(noBrowser !== undefined)('what the console can set of machines, in Chromium', () => {
  const shown = withConsole();

  const { open } = shown;

  it('sets what the leases of a pool reach, and sends what was changed alone', async () => {
    const page = await open('/fleet/nodes');
    await page.getByRole('table', { name: 'Capacity by pool' }).getByRole('button', { name: 'gpus', exact: true }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Its leases reach').selectOption('none');
    await form.getByLabel('And these private ranges').fill('10.1.0.0/16, 10.2.0.5');
    await form.getByLabel('Record the sessions').check();
    await form.getByText('./tandem pools set gpus --network none --record always --allow 10.1.0.0/16,10.2.0.5').waitFor();
    await form.getByRole('button', { name: 'Set the terms' }).click();
    await form.waitFor({ state: 'detached' });
    expect(shown.mock.world().fleet.pools[0]).toMatchObject({ network: 'none', networkAllow: ['10.1.0.0/16', '10.2.0.5'], record: true, openTo: 'own' });
    await page.getByRole('button', { name: 'shared the operator\'s' }).click();
    await form.getByText('the operator sets its terms').waitFor();
    await page.context().close();
  });

  it('removes a pool that nothing is in, and offers it of no other', async () => {
    const page = await open('/fleet/nodes');
    const { pools } = shown.mock.world().fleet;
    pools.push({ ...pools[0]!, id: '0192f0c1-0000-7000-8000-0000000000ab', name: 'gpsu', machines: { all: 0, leased: 0, idle: 0, wiping: 0, closed: 0 }, units: { all: 0, leased: 0 } });
    await page.reload();
    const table = page.getByRole('table', { name: 'Capacity by pool' });
    const form = page.getByRole('dialog');
    await table.getByRole('button', { name: 'gpus', exact: true }).click();
    await form.getByRole('button', { name: 'Set the terms' }).waitFor();
    expect(await form.getByRole('button', { name: 'Remove the pool' }).count()).toBe(0);
    await form.getByRole('button', { name: 'Leave it' }).click();
    await table.getByRole('button', { name: 'gpsu', exact: true }).click();
    await form.getByRole('button', { name: 'Remove the pool' }).click();
    await form.waitFor({ state: 'detached' });
    await table.getByRole('button', { name: 'gpsu', exact: true }).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('sets a quota only where something is bounded by it', async () => {
    const page = await open('/fleet/nodes');
    await page.getByRole('button', { name: 'Set a quota' }).click();
    const form = page.getByRole('dialog');
    await form.getByText('A quota needs at least one limit.').waitFor();
    await form.getByLabel('GPUs and slices at a time').fill('many');
    await form.getByRole('button', { name: 'Set the quota' }).click();
    await form.getByText('“many” is not a number of GPUs.').waitFor();
    await form.getByLabel('GPUs and slices at a time').fill('8');
    await form.getByText('./tandem quotas set').waitFor();
    await page.context().close();
  });

  it('leases a machine for one job, whose variables stand nowhere', async () => {
    const page = await open('/fleet/leases/new');
    await page.getByLabel('Access').selectOption('job');
    await page.getByText('Say what it runs, such as python3 train.py.').first().waitFor();
    await page.getByLabel('Command').fill(`sh -c 'python3 train.py > out'`);
    await page.getByLabel('Variables').fill('HF_TOKEN=very-secret');
    await page.getByLabel('Record its sessions').check();
    await page.getByLabel('Its home').selectOption('models');
    await page.getByText(`./tandem gpu lease --for 1h --volume models --record --env HF_TOKEN -- sh -c 'python3 train.py > out'`).waitFor();
    expect(await page.locator('main').textContent()).not.toContain('./tandem gpu lease --for 1h --volume models --record --env HF_TOKEN=');
    await page.getByText('$2.50 for 1 hour.').waitFor();
    await page.getByRole('button', { name: 'Lease it' }).click();
    await page.getByRole('heading', { name: 'How is its job?' }).waitFor();
    await page.context().close();
  });

  it('says of a volume what would be lost, and deletes it by its name', async () => {
    const page = await open('/fleet/volumes');
    await page.getByRole('heading', { name: '3 volumes are kept, 1.25 TB in all; they cost $1.20 a month.' }).waitFor();
    await page.getByRole('button', { name: 'models' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Keep it for days from now').fill('60');
    await form.getByText('./tandem volumes extend models 60').waitFor();
    await form.getByRole('button', { name: 'Delete' }).click();
    await form.getByText('1,204 files, 3.4 GB, kept on gpu-1 from the lease smoke-test, is lost.').waitFor();
    await form.getByLabel(/^Type/).fill('models');
    await form.getByRole('button', { name: 'Delete the volume' }).click();
    await page.getByRole('row', { name: /^models Being deleted/ }).waitFor();
    await page.context().close();
  });
});

describe.skipIf(noBrowser !== undefined)('live pages of machines, in Chromium', () => {
  const shown = withConsole();
  const asked = (): string[] => shown.mock.calls.filter((call) => call !== 'GET /api/live');

  it('read one list at each change, and nothing while nobody sees them', async () => {
    shown.mock.reset('full');
    const context = await shown.browser.newContext();
    const open = async (): Promise<Page> => {
      const page = await context.newPage();
      await page.goto(`${shown.mock.url}/fleet/leases`);
      await page.getByText('Live', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'finetune-8' }).waitFor();
      return page;
    };
    const page = await open();
    const change = (name: string): void => {
      shown.mock.world().fleet.leases[0]!.name = name;
      shown.mock.calls.length = 0;
      shown.mock.live('leases');
    };
    const hide = (hidden: boolean): Promise<void> => page.evaluate((now) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => now });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    change('renamed');
    await page.getByRole('link', { name: 'renamed' }).waitFor();
    expect(asked()).toEqual(['GET /api/leases']);
    shown.mock.world().fleet.leases[0]!.name = 'finetune-8';
    const seen = await open();
    await hide(true);
    change('unseen');
    // The page in sight has asked and shows it; the other one has heard the same and asked nothing.
    await seen.getByRole('link', { name: 'unseen' }).waitFor();
    expect(asked()).toEqual(['GET /api/leases']);
    await seen.close();
    await hide(false);
    await page.getByRole('link', { name: 'unseen' }).waitFor();
    expect(asked()).toEqual(['GET /api/leases', 'GET /api/leases']);
    await context.close();
  });
});
