import type { Page } from 'playwright-core';
import { describe, expect, it, vi } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';
import { NOW } from './mock-data.ts';

describe.skipIf(noBrowser !== undefined)('requests, latency and spend in Chromium', () => {
  const shown = withConsole();

  async function open(path: string): Promise<Page> {
    const context = await shown.browser.newContext({ viewport: { width: 1280, height: 844 }, reducedMotion: 'reduce' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    await page.goto(shown.mock.url + path);
    return page;
  }

  it('finds why a call failed, by filters that stand in the address, and shows the line of the CLI', async () => {
    shown.mock.reset('full');
    const page = await open('/models/requests');
    await page.getByRole('heading', { name: /^42 calls were answered with an error in the last 24 hours, most often by / }).waitFor();
    await page.getByRole('button', { name: /^budget_exceeded/ }).click();
    await page.waitForURL(/q=code%3Abudget_exceeded/);
    await page.getByText('./tandem requests --last 24h --code budget_exceeded').waitFor();
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^The monthly budget of key .* does not cover this call/ }).waitFor();
    await page.getByText('budget_exceeded · HTTP 402').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/models\/requests/);
    await page.getByRole('combobox', { name: 'Time' }).selectOption('7d');
    await page.waitForURL(/range=7d/);
    await page.getByRole('searchbox').fill('slow');
    await page.getByText('Not understood: slow').waitFor();
    await page.context().close();
  });

  it('says where the time of a call went, and which backends were tried', async () => {
    shown.mock.reset('full');
    const call = shown.mock.world().calls.find(({ tries, outcome }) => tries === 2 && outcome === 'completed');
    const page = await open(`/models/requests/${call?.id}`);
    const stages = page.getByRole('table', { name: 'Waterfall of the call' });
    await stages.waitFor();
    expect(await stages.getByRole('rowheader').allTextContents()).toEqual(['Queue', 'Connect', 'First token', 'Stream']);
    expect(await page.getByRole('table', { name: 'Waterfall of its tries' }).getByRole('row').count()).toBe(2);
    await page.getByText('vLLM on gpu-1 answered 503, so the next target in order was taken').waitFor();
    const served = shown.mock.world().calls.find(({ model, tries, totalMs }) => model === 'team/fast' && tries === 1 && totalMs !== null);
    await page.goto(`${shown.mock.url}/models/requests/${served?.id}`);
    await page.getByText(/for 0\.041667 minutes of them, without idle ones/).waitFor();
    await page.context().close();
  });

  it('shows ten thousand calls without drawing them all, and keeps its place when new ones come', async () => {
    shown.mock.reset('full');
    const first = shown.mock.world().calls[0]!;
    const { calls } = shown.mock.world();
    calls.splice(0, calls.length, ...Array.from({ length: 10_000 }, (_, index) => ({ ...first, id: `01938f2a-7c00-7fff-8a3d-${String(99_999 - index).padStart(12, '0')}` })));
    const page = await open('/models/requests');
    await page.getByRole('table', { name: 'Requests' }).waitFor();
    // Each time the end comes into sight, the next five hundred are read.
    await vi.waitFor(async () => expect(await page.evaluate(() => {
      scrollTo(0, document.body.scrollHeight);
      return document.querySelector('table')?.getAttribute('aria-rowcount');
    })).toBe('10001'), { timeout: 60_000, interval: 250 });
    expect(await page.locator('tbody tr').count()).toBeLessThan(90);
    calls.unshift({ ...first, id: '01938f2a-7c00-7fff-8a3d-999999999999' });
    shown.mock.live('usage');
    await page.getByRole('button', { name: 'New calls came. Show them' }).waitFor();
    await page.context().close();
  }, 150_000);

  it('moves by itself while the list is short', async () => {
    shown.mock.reset('full');
    const page = await open('/models/requests');
    await page.getByRole('table', { name: 'Requests' }).waitFor();
    const first = shown.mock.world().calls[0]!;
    shown.mock.world().calls.unshift({ ...first, id: '01938f2a-7c00-7fff-8a3d-000000000001', model: 'brand/new' });
    shown.mock.live('usage');
    await page.getByText('brand/new').waitFor();
    await page.context().close();
  });

  it('shows one route over time, as a plot and as a table', async () => {
    shown.mock.reset('full');
    const page = await open('/models/latency');
    await page.getByRole('heading', { name: 'Half of the calls had their first token within 119 ms, 95 in 100 within 413 ms, then 87 tokens a second.' }).waitFor();
    await page.locator('.uplot canvas').waitFor();
    await page.getByRole('button', { name: 'team/fast on vLLM on gpu-2' }).click();
    await page.waitForURL(/resource=/);
    await page.getByRole('button', { name: 'Show all calls' }).waitFor();
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('table', { name: 'How long did calls wait for their first token?' }).waitFor();
    expect(await page.getByRole('row', { name: /no call|–/ }).count()).toBeGreaterThan(0);
    await page.getByRole('combobox', { name: 'Time' }).selectOption('30d');
    await page.getByText('./tandem latency --last 30d').waitFor();
    await page.context().close();
  });

  it('leads from a sum to its requests in two clicks, and the total is of everything', async () => {
    shown.mock.reset('full');
    const page = await open('/money/spend');
    await page.getByRole('heading', { name: /^\$94\.21 charged in the last 30 days, 12 % more than in the same time before; 55 % on muse-spark\.$/ }).waitFor();
    const total = shown.mock.world().lines.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
    expect(`${(await page.locator('tfoot .column-money').textContent())?.replace(/[^\d.]/g, '').replace(/0+$/, '')}`).toBe(`${total / 10n ** 12n}.${(total % 10n ** 12n).toString().padStart(12, '0')}`.replace(/0+$/, ''));
    await page.getByRole('button', { name: 'muse-spark', exact: true }).click();
    await page.waitForURL(/only=model/);
    await page.getByText('./tandem spend --by key --last 30d --model muse-spark').waitFor();
    await page.getByRole('link', { name: 'See the requests' }).click();
    await page.waitForURL(/\/models\/requests\?.*model=muse-spark/);
    await page.context().close();
  });

  it('shows a tenant what it pays, and nothing of what that cost', async () => {
    shown.mock.reset('full');
    shown.mock.signIn('tenant');
    const page = await open('/money/spend?metric=margin');
    // An address with a metric that is not theirs falls back to what they pay.
    await page.getByRole('heading', { name: /^\$94\.21 charged in the last 30 days/ }).waitFor();
    expect(await page.getByRole('combobox', { name: 'What is added up' }).getByRole('option').allTextContents()).not.toContain('Margin');
    const call = shown.mock.world().calls.find(({ outcome }) => outcome === 'completed');
    for (const [path, name] of [['/money/spend', 'Charged by model'], ['/money/bill', 'Bill of November 2026'], [`/models/requests/${call?.id}`, 'Tokens of the call']] as const) {
      await page.goto(shown.mock.url + path);
      await page.getByRole('table', { name }).waitFor();
      expect(await page.getByText(/our cost|margin|cost of/i).count(), path).toBe(0);
    }
    shown.mock.signIn('owner');
    await page.context().close();
  });

  it('keeps within the screen whatever names are as long as they may be, and whatever the address asks for', async () => {
    shown.mock.reset('full');
    const { models, calls, keys } = shown.mock.world();
    const long = `team/${'n'.repeat(195)}`;
    models.push({ ...models[0]!, name: long, targets: models[0]!.targets.map((target) => ({ ...target, model: 'm'.repeat(300), backend: { ...target.backend, name: 'b'.repeat(100) } })) });
    keys[0] = { ...keys[0]!, name: 'k'.repeat(100) };
    calls[0] = { ...calls[0]!, model: long, user: 'u'.repeat(200) };
    for (const line of shown.mock.world().lines.slice(0, 3)) line.resource = long;
    const page = await open('/models/requests');
    const wide: string[] = [];
    for (const path of ['/models/requests', `/models/requests?q=model%3A${'x'.repeat(500)}`, '/models/latency', '/money/spend', '/settings/models']) {
      await page.setViewportSize({ width: 1280, height: 844 });
      await page.goto(shown.mock.url + path);
      await page.waitForFunction(() => document.querySelector('h1') !== null && document.querySelector('[aria-busy="true"], .lead.busy') === null);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 844 });
        // A plot is drawn anew a frame after its page has another width.
        await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth, undefined, { timeout: 5_000 }).catch(() => wide.push(`${width} ${path.slice(0, 40)}`));
        const select = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll('select.filter-select')].map((one) => one.getBoundingClientRect().width)));
        if (select > 340) wide.push(`${width} ${path.slice(0, 40)}: a choice that is ${select} wide`);
      }
    }
    expect(wide).toEqual([]);
    await page.context().close();
  }, 60_000);

  it('says an unknown cost as unknown', async () => {
    shown.mock.reset('full');
    for (const line of shown.mock.world().lines) if (line.resource === 'tandem/local') line.cost = null;
    const page = await open('/money/spend');
    await page.getByRole('row', { name: /^tandem\/local .* unknown unknown / }).waitFor();
    await page.getByText(/The cost of [\d,]+ usage events \(calls, minutes of machines\) is not known/).waitFor();
    await page.context().close();
  });
});
