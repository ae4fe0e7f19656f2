import { describe, expect, it } from 'vitest';
import { noBrowser } from './browser.ts';
import { withConsole } from './with-console.ts';
import { Refusal } from './mock-api.ts';

describe.skipIf(noBrowser !== undefined)('hooks, webhooks, feeds and models in Chromium', () => {
  const shown = withConsole();

  const { open } = shown;

  it('adds a hook with its deadline and what becomes of calls when it fails; its secret is shown once', async () => {
    const page = await open('/settings/hooks');
    await page.getByRole('heading', { name: 'no-secrets failed 12 min ago: it did not answer within 300 ms.' }).waitFor();
    await page.getByRole('button', { name: 'Add a hook' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Name').fill('dlp');
    await form.getByLabel('Address').fill('https://dlp.harbour.example/check');
    await form.getByLabel('Asked about').selectOption('both');
    await form.getByText('Streams are held back').waitFor();
    await form.getByLabel('Deadline').fill('250');
    await form.getByLabel('When it fails').selectOption('open');
    await form.getByText('./tandem hooks add dlp https://dlp.harbour.example/check --stage both --deadline 250 --on-failure open').waitFor();
    shown.mock.failNext('POST /api/hooks', new Refusal(400, { code: 'url_not_allowed', message: 'The address may not be called.', next: 'Give a public one.', param: 'url' }));
    await form.getByRole('button', { name: 'Add the hook' }).click();
    await form.getByText('The address may not be called. Give a public one.').waitFor();
    expect(await form.getByLabel('Name').inputValue()).toBe('dlp');
    await form.getByRole('button', { name: 'Add the hook' }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /^dlp .*the call goes on/ }).waitFor();
    expect(shown.mock.world().outgoing.hooks.at(-1)).toMatchObject({ name: 'dlp', stage: 'both', deadlineMs: 250, onFailure: 'open', projectId: null });
    expect(await page.getByText(/whsec_/).count()).toBe(0);
    await page.context().close();
  });

  it('tries a hook, says when it failed, and leads to the call', async () => {
    const page = await open('/settings/hooks');
    await page.getByRole('button', { name: 'Tone of replies in the assistant for support' }).click();
    await page.getByText('It has not failed.').waitFor();
    await page.getByRole('button', { name: 'Try it now' }).click();
    await page.getByText('Requests: it lets the call go on, 41 ms.').waitFor();
    await page.getByText('Replies: it answered 500, 12 ms.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'no-secrets' }).click();
    const failures = page.getByRole('table', { name: 'Failures of no-secrets' });
    await failures.getByRole('row', { name: /^12 min ago it did not answer within 300 ms/ }).waitFor();
    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Switch on' }).waitFor();
    await failures.getByRole('link').first().click();
    await page.waitForURL(/\/models\/requests\/01938f2a/);
    await page.context().close();
  });

  it('says which address fails, since when and when it is tried next, and gives it a new secret', async () => {
    const page = await open('/settings/webhooks');
    await page.getByRole('heading', { name: 'chat.harbour.example has taken nothing for 1 day: it answered 410.' }).waitFor();
    await page.getByRole('row', { name: /^https:\/\/chat.*Fails 4 days ago 2 1 day in 1 hour/ }).waitFor();
    await page.getByRole('button', { name: /^https:\/\/chat/ }).click();
    await page.getByText('2, the oldest for 1 day; next try in 1 hour').waitFor();
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByText(/^Both secrets sign until 24 Nov 2026/).waitFor();
    await page.context().close();
  });

  it('says how far a feed is, lets it go on, and sends again', async () => {
    const page = await open('/settings/feeds');
    await page.getByRole('heading', { name: 'meter.harbour.example has taken nothing for 3 hours: it answered 503.' }).waitFor();
    await page.getByRole('button', { name: /^https:\/\/meter/ }).click();
    await page.getByText(/^what was recorded on 23 Nov 2026/).waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByLabel('What was recorded from').fill('2026-11-01');
    await page.getByText(/\.\/tandem feeds replay \S+ --from 2026-11-01/).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    expect(shown.mock.world().outgoing.feeds[1]).toMatchObject({ state: 'sending' });
    await page.context().close();
  });

  it('changes how a name finds its target, keeping what was typed when that is refused', async () => {
    const page = await open('/settings/models');
    await page.getByRole('button', { name: 'muse-spark', exact: true }).click();
    await page.getByRole('button', { name: 'Change it' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('A target is chosen').selectOption('order');
    await form.getByRole('button', { name: 'Add a target' }).click();
    const second = form.getByRole('group', { name: 'Target 2' });
    await second.getByLabel('Its name there').fill('Qwen3-30B-A3B');
    await second.getByLabel('Backend').selectOption({ label: 'vLLM on gpu-2' });
    await second.getByLabel('Order').fill('1');
    await form.getByText(/^\.\/tandem models set muse-spark .* --goal order/).waitFor();
    shown.mock.failNext('PATCH /api/models/{name}', new Refusal(400, { code: 'invalid_request', message: 'Target 2 is not there.', next: 'Choose another model.' }));
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Target 2 is not there.').waitFor();
    expect(await second.getByLabel('Its name there').inputValue()).toBe('Qwen3-30B-A3B');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /^muse-spark .*2 targets.*in their order/i }).waitFor();
    expect(shown.mock.world().models.find(({ name }) => name === 'muse-spark')).toMatchObject({ goal: 'order', targets: [{}, { model: 'Qwen3-30B-A3B', order: 1, backend: { name: 'vLLM on gpu-2' } }] });
    await page.context().close();
  });

  it('leads from a name to its requests, by how many there were', async () => {
    const page = await open('/settings/models');
    await page.getByRole('row', { name: /^team\/fast/ }).getByRole('link', { name: '51,139' }).click();
    await page.waitForURL(/\/models\/requests\?.*model=team%2Ffast/);
    await page.context().close();
  });
});
