import { describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';
import { Refusal } from './mock-api.ts';
import { NOW } from './mock-data.ts';
import { HOSTILE } from './mock-fleet.ts';

describe.skipIf(noBrowser !== undefined)('nodes and leases in Chromium', () => {
  const shown = withConsole();

  const open = (path: string) => shown.open((world) => path.replace(/:(\w[\w-]*)/, (_, name: string) => [...world.fleet.nodes, ...world.fleet.leases].find((one) => one.name === name)?.id ?? ''));

  it('says what is free by pool, and keeps filters in the address', async () => {
    const page = await open('/fleet/nodes');
    await page.getByRole('heading', { name: '2 nodes of 6 are ready; 2 need a look.' }).waitFor();
    await page.getByRole('row', { name: /^gpus 8 × h100-80gb 2 of 16 2 1 0 1 0/ }).waitFor();
    await page.getByRole('row', { name: /^macs stand-in, not macOS/ }).waitFor();
    await page.getByRole('combobox', { name: 'State' }).selectOption('sick');
    await page.waitForURL(/state=sick/);
    await page.getByText('1 of 6').waitFor();
    await page.getByRole('combobox', { name: 'State' }).selectOption('');
    await page.getByRole('searchbox', { name: 'Filter nodes' }).fill('not macos');
    await page.waitForURL(/q=not/);
    expect(await page.getByRole('table', { name: 'Nodes' }).getByRole('row').count()).toBe(2);
    await page.context().close();
  });

  it('shows what a hostile machine says as text', async () => {
    const page = await open('/fleet/nodes/:mac-stand-in');
    await page.getByText('linux-x64 (stand-in, not macOS)').waitFor();
    await page.getByText(HOSTILE, { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Have it look' }).click();
    await page.getByRole('row', { name: /^gpus Fails/ }).waitFor();
    await page.getByText('All that it says').click();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('mac-stand-in · Tandem');
    await page.getByRole('button', { name: 'Approve it' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve it' }).click();
    await page.getByText('Approved by Ines Okafor.').waitFor();
    await page.context().close();
  });

  it('shows what was wiped with how and what was not looked at, and gives the signed certificate', async () => {
    const page = await open('/fleet/nodes/:gpu-1');
    const wipes = page.getByRole('table', { name: 'Wipes of gpu-1' });
    await wipes.getByRole('row', { name: /Not clean/ }).getByRole('button').click();
    const said = page.getByRole('dialog');
    await said.getByText(HOSTILE, { exact: true }).waitFor();
    expect(await page.locator('main img, main script, dialog img, dialog script').count()).toBe(0);
    const [download] = await Promise.all([page.waitForEvent('download'), said.getByRole('link', { name: 'Download the certificate' }).click()]);
    expect(download.suggestedFilename()).toMatch(/^wipe-.*\.jws$/);
    await page.context().close();
  });

  it('drains a node with a reason and a deadline, lets it serve, and removes it by its name', async () => {
    const page = await open('/fleet/nodes/:gpu-1');
    await page.getByRole('link', { name: 'nightly-evals' }).waitFor();
    await page.getByRole('button', { name: 'Drain' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Reason').fill('new disks');
    await form.getByLabel('Leases on it end').selectOption('2h');
    await form.getByText("./tandem node drain gpu-1 --reason 'new disks' --grace 2h").waitFor();
    await form.getByRole('button', { name: 'Drain it' }).click();
    await page.getByRole('heading', { name: 'gpu-1 is draining: new disks; what still runs is ended in 2 hours.' }).waitFor();
    await page.getByRole('button', { name: 'Let it serve' }).click();
    await form.getByRole('button', { name: 'Let it serve' }).click();
    await page.getByRole('heading', { name: 'gpu-1 is ready to be leased.' }).waitFor();
    shown.mock.failNext('DELETE /api/nodes/{id}', new Refusal(409, { code: 'node_in_use', message: 'A lease is on it.', next: 'Drain it first.' }));
    await page.getByRole('button', { name: 'Remove' }).click();
    await form.getByLabel(/^Type/).fill('gpu-1');
    await form.getByRole('button', { name: 'Remove the node' }).click();
    await form.getByText('Drain it first.').waitFor();
    await form.getByRole('button', { name: 'Remove the node' }).click();
    await page.getByRole('heading', { name: 'gpu-1 is removed.' }).waitFor();
    await page.context().close();
  });

  it('makes the line to paste, once, and counts its time down', async () => {
    const page = await open('/fleet/nodes/new');
    await page.getByLabel('Name').fill('gpu-9');
    await page.getByText('./tandem node add --name gpu-9').waitFor();
    await page.getByRole('button', { name: 'Make the line' }).click();
    await page.getByText('It works for another 15 min 0 s.').waitFor();
    await page.getByRole('button', { name: 'Copy the line' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('sudo sh -s -- tok_once');
    await page.clock.setFixedTime(NOW + 15 * 60_000);
    await page.getByText('It has expired. Make another.').waitFor();
    await page.getByRole('button', { name: 'Make another line' }).click();
    expect(await page.getByText('tok_once').count()).toBe(0);
    await page.context().close();
  });

  it('prices a lease before the button, and says why and on whom it would wait', async () => {
    const page = await open('/fleet/leases/new');
    await page.getByText('$2.50 for 1 hour.').waitFor();
    await page.getByLabel('GPUs on each').fill('eight');
    await page.getByText('“eight” is not a number of GPUs.').first().waitFor();
    await page.getByLabel('GPUs on each').fill('8');
    await page.getByLabel('Hours').fill('1.5');
    await page.getByLabel('Name').fill('sweep');
    await page.getByText('$30.00 for 90 minutes.').waitFor();
    await page.getByText('about in 2 hours: the one machine of that kind is in use').waitFor();
    await page.getByText('./tandem gpu lease --gpus 8 --for 90m --name sweep').waitFor();
    const asked = page.waitForRequest((sent) => sent.method() === 'POST' && sent.url().endsWith('/api/leases'));
    await page.getByRole('button', { name: 'Lease it' }).click();
    // What the plan said is what was agreed to, whatever it costs by now.
    expect((await asked).postDataJSON()).toMatchObject({ name: 'sweep', agreed: '30000000000000' });
    await page.getByRole('heading', { name: 'sweep is being started.' }).waitFor();
    expect(shown.mock.world().fleet.leases[0]).toMatchObject({ name: 'sweep', count: 8, minutes: { asked: 90 } });
    await page.context().close();
  });

  it('says what a lease waits for, extends one, and ends it by its name', async () => {
    const page = await open('/fleet/leases');
    await page.getByRole('heading', { name: '2 leases run, 1 waits; those that are live have cost $27.90.' }).waitFor();
    await page.getByRole('link', { name: 'finetune-8' }).click();
    await page.getByRole('heading', { name: 'finetune-8 waits: the one machine of that kind is in use; nightly-evals has it; about in 2 hours.' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'nightly-evals' }).click();
    await page.getByText('$20.00 if it goes on').waitFor();
    await page.getByText('23.8 cores, 136.4 GB of memory, 4,096 processes, 1.09 TB of disk').waitFor();
    await page.getByText('the internet', { exact: true }).waitFor();
    await page.getByText(/^\.\/tandem ssh 0193/).waitFor();
    await page.getByRole('table', { name: 'Wipes around nightly-evals' }).getByRole('row', { name: /8 canaries, 0 found; 2 things not checked/ }).getByRole('button').click();
    await page.getByText('no process of its user is left').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Extend' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('More hours').fill('2');
    await form.getByText(/\.\/tandem leases extend \S+ 2h/).waitFor();
    await form.getByRole('button', { name: 'Extend it' }).click();
    await page.getByRole('heading', { name: 'nightly-evals runs and ends in 4 hours; it has cost $7.91.' }).waitFor();
    await page.getByRole('button', { name: 'End', exact: true }).click();
    await form.getByText('every file in it is lost').waitFor();
    await form.getByText('In its home lie 1,204 files, 3.4 GB; 2 × python3 run in it.').waitFor();
    await form.getByLabel('Keep its home as a volume').fill('models');
    await form.getByText(/\.\/tandem leases end \S+ --keep models/).waitFor();
    await form.getByLabel(/^Type/).fill('nightly-evals');
    await form.getByRole('button', { name: 'End the lease' }).click();
    await page.getByRole('heading', { name: /^nightly-evals is ending: ended by Ines Okafor/ }).waitFor();
    await page.getByText('The lease is over.').waitFor();
    await page.context().close();
  });
});
