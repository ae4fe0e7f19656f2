import { describe, expect, it } from 'vitest';
import { violations } from './axe.ts';
import { noBrowser } from './browser.ts';
import { MODES, openPage, settle } from './looking.ts';
import { Refusal, type Mode } from './mock-api.ts';
import { withConsole } from './with-console.ts';

it('has a browser to look with', () => expect(noBrowser).toBeUndefined());

describe.skipIf(noBrowser !== undefined)('the console in Chromium', () => {
  const desk = withConsole();
  const open = (options: Parameters<typeof openPage>[1] = {}): ReturnType<typeof openPage> => openPage(desk.browser, options);

  it('says different things when loading, empty, failing and full', async () => {
    const { context, page } = await open();
    const said = new Map<Mode, string>();
    for (const mode of MODES) {
      desk.mock.reset(mode);
      await page.goto('about:blank');
      await page.goto(`${desk.mock.url}/keys`);
      await settle(page, mode);
      said.set(mode, (await page.locator('h1').textContent()) ?? '');
    }
    expect(said.get('loading')).toBe('Reading the keys…');
    expect(said.get('empty')).toBe('No program can call a model yet.');
    expect(said.get('error')).toBe('The keys could not be read.');
    expect(said.get('full')).toBe('9 keys work; one has spent nine tenths of the budget.');
    desk.mock.reset('error');
    await page.reload();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('database_stale');
    desk.mock.reset('full');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'App Store build' }).waitFor();
    desk.mock.reset('empty');
    await page.reload();
    await page.getByText('./tandem keys create my-app --budget 5').waitFor();
    await context.close();
  });

  it('opens the palette, a menu and the help by keys, without a violation', async () => {
    desk.mock.reset('full');
    const { context, page, faults } = await open();
    await page.goto(desk.mock.url);
    await settle(page, 'full');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Go to a page, key or model' }).fill('nightly');
    await page.getByRole('option', { name: /Nightly evals/ }).waitFor();
    const wrong = await violations(page);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/keys\/0193/);
    await page.getByRole('button', { name: /^Project:/ }).click();
    await page.getByRole('menuitemradio', { name: 'Research' }).waitFor();
    wrong.push(...(await violations(page)));
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    wrong.push(...(await violations(page)));
    await context.close();
    expect(wrong).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('makes a key, shows its secret once, rotates and revokes it', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/keys/new`);
    await page.getByLabel('Name').fill('Watch app');
    await page.getByLabel('Budget, USD').fill('five');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('“five” is not an amount of USD').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Watch app');
    await page.getByLabel('Budget, USD').fill('12.50');
    await page.getByText("./tandem keys create 'Watch app' --budget 12.50").waitFor();
    desk.mock.failNext('POST /api/keys', new Refusal(503, { code: 'database_stale', message: 'The server has had no contact with its database.', next: 'Try again in some seconds.' }));
    await page.getByRole('button', { name: 'Make the key' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Try again in some seconds.');
    expect(await page.getByLabel('Budget, USD').inputValue()).toBe('12.50');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('tdm_N3wKq8ZxV1mRb7TyL0pWc5Hs2JdFg9Ea4uXi6').waitFor();
    expect(desk.mock.world().keys[0]?.budget?.amount).toBe('12500000000000');
    await page.getByRole('button', { name: 'Copy the secret' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('tdm_N3wKq8ZxV1mRb7TyL0pWc5Hs2JdFg9Ea4uXi6');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: 'See the key' }).click();
    await page.getByRole('heading', { name: 'Watch app works, with $12.50 left this month.' }).waitFor();
    expect(await page.content()).not.toContain('tdm_N3wKq8ZxV1mRb7');
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Make the new key' }).click();
    await page.getByText('tdm_R0taq8ZxV1mRb7TyL0pWc5Hs2JdFg9Ea4uXi6').waitFor();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('button', { name: 'Revoke' }).click();
    const revoke = page.getByRole('button', { name: 'Revoke the key' });
    expect(await revoke.isDisabled()).toBe(true);
    await revoke.click({ force: true });
    expect(desk.mock.world().keys.filter(({ state }) => state === 'revoked')).toHaveLength(1);
    await page.getByLabel(/^Type/).fill('Watch app');
    await page.getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByRole('heading', { name: /Watch app was revoked/ }).waitFor();
    expect(desk.mock.world().keys.filter(({ state }) => state === 'revoked')).toHaveLength(2);
    await context.close();
  }, 60_000);

  it('sets a limit for each user of a project, changes and removes it', async () => {
    desk.mock.reset('full');
    desk.mock.world().limits.length = 0;
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/money/limits`);
    await page.getByRole('heading', { name: 'Models are called as fast as they answer: no limit is set.' }).waitFor();
    await page.getByRole('button', { name: 'Set the first limit' }).click();
    await page.getByLabel('Counted').selectOption('each user');
    await page.getByLabel('At most').fill('many');
    await page.getByRole('dialog').getByRole('button', { name: 'Set the limit' }).click();
    await page.getByText('“many” is not a whole number.').waitFor();
    await page.getByLabel('At most').fill('20');
    await page.getByText("./tandem limits set 'project:iOS app' 20 requests --each user").waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Set the limit' }).click();
    await page.getByRole('heading', { name: 'Each user may send 20 requests a minute; 1 limit in all.' }).waitFor();
    expect(desk.mock.world().limits).toMatchObject([{ scope: { kind: 'project' }, subject: { kind: 'user', name: null }, metric: 'requests', amount: 20 }]);
    await page.getByRole('button', { name: 'each user of project iOS app' }).click();
    await page.getByLabel('At most, requests a minute').fill('1500');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Each user may send 1,500 requests a minute; 1 limit in all.' }).waitFor();
    await page.getByRole('button', { name: 'each user of project iOS app' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('button', { name: 'Remove the limit' }).click();
    await page.getByRole('heading', { name: /no limit is set/ }).waitFor();
    await context.close();
  }, 60_000);

  it('streams a reply with its figures, stops, and keeps the text when a call fails', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/playground`);
    const prompt = page.getByLabel('Your message');
    desk.mock.failNext('POST /v1/chat/completions', new Refusal(402, { code: 'budget_exceeded', message: 'The budget of the key is spent.', next: 'Lower max_tokens to 12.' }));
    await prompt.fill('What is the capital of France?');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('budget_exceeded');
    expect(await prompt.inputValue()).toBe('What is the capital of France?');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('The capital of France is Paris.').waitFor();
    // 13 × $0.02, 24 × $0.002 and 7 × $0.08 per million tokens.
    await page.getByText('$0.000000868').waitFor();
    await page.getByText('37 (24 cached)').waitFor();
    await page.getByRole('button', { name: 'Show the lines' }).click();
    await page.getByText('$0.00000056').waitFor();
    expect(await violations(page)).toEqual([]);
    desk.mock.pace(60);
    await prompt.fill('Explain rate limiting.');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Rate limiting is').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('You pay for what arrived').waitFor();
    desk.mock.pace(12);
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    const curl = await page.evaluate(() => navigator.clipboard.readText());
    expect(curl).toContain(`curl ${desk.mock.url}/v1/chat/completions`);
    expect(curl).toContain('$TANDEM_KEY');
    await context.close();
  }, 60_000);

  it('shows the bill exactly, by what it is asked, in the address', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/money/bill?by=line&sort=charge`);
    await page.getByText('Sum of 9 lines').waitFor();
    const cells = await page.getByRole('table', { name: 'Bill of November 2026' }).locator('tbody tr td:last-child').allTextContents();
    // Padding that lines the column up is for the eye only.
    expect(cells).toHaveLength(9);
    expect(cells[0]).toMatch(/^\$0\.00017510/);
    await page.getByRole('button', { name: 'Model', exact: true }).first().click();
    await page.waitForURL(/by=model/);
    await page.getByRole('button', { name: 'Copy as CSV' }).click();
    const csv = await page.evaluate(() => navigator.clipboard.readText());
    expect(csv.split('\r\n')[0]).toBe('model,of,requests,input tokens,cached tokens,output tokens,cost USD,margin USD,charged USD');
    const total = desk.mock.world().lines.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
    const sum = csv.trim().split('\r\n').slice(1).reduce((all, line) => all + BigInt((line.split(',').at(-1) ?? '').replace(/^(\d+)\.(\d+)$/, (_, whole: string, part: string) => whole + part.padEnd(12, '0'))), 0n);
    expect(sum).toBe(total);
    await page.getByRole('combobox', { name: 'Month' }).selectOption('2026-09');
    await page.getByRole('heading', { name: 'Nothing was charged in September 2026.' }).waitFor();
    expect(page.url()).toContain('month=2026-09');
    await context.close();
  });

  it('moves by itself, and says so when the connection is lost', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/keys`);
    await page.getByText('Live', { exact: true }).waitFor();
    const key = desk.mock.world().keys[0];
    if (key) key.name = 'Renamed elsewhere';
    desk.mock.live('keys');
    await page.getByRole('link', { name: 'Renamed elsewhere' }).waitFor();
    desk.mock.cut();
    await page.getByText('What you see may be old').waitFor();
    expect(await violations(page)).toEqual([]);
    desk.mock.mend();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('What you see may be old').waitFor({ state: 'detached' });
    await context.close();
  });

  it('goes to the door when the session ends elsewhere', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/money/budgets`);
    await page.getByText('Live', { exact: true }).waitFor();
    desk.mock.signIn(null);
    desk.mock.cut();
    await page.waitForURL(/\/login\?next=%2Fmoney%2Fbudgets/);
    await context.close();
  });

  it('is driven by the keyboard: / j k enter esc', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/keys`);
    await page.getByRole('link', { name: 'Red team' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('zendesk');
    await page.waitForURL(/q=zendesk/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Zendesk triage works/ }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/keys$/);
    await context.close();
  });

  it('shows ten thousand keys without drawing them all, and sorts them', async () => {
    desk.mock.reset('full');
    const first = desk.mock.world().keys[0];
    if (first) desk.mock.world().keys.push(...Array.from({ length: 10_000 }, (_, index) => ({ ...first, id: `${first.id.slice(0, -6)}${String(index).padStart(6, '0')}`, name: `Bulk ${String(index).padStart(5, '0')}`, budget: null })));
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/keys?sort=-name`);
    await page.getByRole('link', { name: 'Zendesk triage' }).waitFor();
    await page.getByRole('heading', { name: '10,009 keys work' }).waitFor();
    expect(await page.locator('tbody tr').count()).toBeLessThan(90);
    // The list takes its full height some frames after its first rows: the middle is looked for until it is there.
    await page.waitForFunction(() => {
      scrollTo(0, document.body.scrollHeight / 2);
      return [...document.querySelectorAll('tbody a')].some((link) => /^Bulk 0[45]/.test(link.textContent ?? ''));
    });
    expect(await page.locator('tbody tr').count()).toBeLessThan(90);
    await context.close();
  }, 60_000);

  it('signs in by link and by key, and comes back to where it was', async () => {
    desk.mock.reset('full');
    desk.mock.signIn(null);
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/money/prices`);
    await page.waitForURL(/\/login\?next=/);
    await page.getByLabel('API key').fill('tdm_wrong');
    await page.getByRole('button', { name: 'Sign in with the key' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('invalid_api_key');
    expect(await page.getByLabel('API key').inputValue()).toBe('tdm_wrong');
    await page.getByLabel('API key').fill('tdm_right');
    await page.getByRole('button', { name: 'Sign in with the key' }).click();
    await page.waitForURL(/\/money\/prices$/);
    desk.mock.signIn(null);
    await page.goto('about:blank');
    await page.goto(`${desk.mock.url}/login#token=right`);
    await page.getByRole('heading', { name: /November 2026 has cost/ }).waitFor();
    expect(page.url()).toBe(`${desk.mock.url}/`);
    desk.mock.signIn(null);
    await page.goto('about:blank');
    await page.goto(`${desk.mock.url}/login#token=spent`);
    await page.getByText('This sign-in link is used or expired.').waitFor();
    expect(page.url()).not.toContain('token');
    await context.close();
  });

  it('keeps what a role may not do in sight, with the reason', async () => {
    desk.mock.reset('full');
    desk.mock.signIn('viewer');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/keys`);
    await page.getByText('The role viewer may not do this; ask an owner or admin.').waitFor();
    expect(await page.getByRole('button', { name: 'Make a key' }).getAttribute('aria-disabled')).toBe('true');
    expect(await violations(page)).toEqual([]);
    desk.mock.signIn('owner');
    await context.close();
  });

  it('remembers the theme without a flash and narrows to a project in the address', async () => {
    desk.mock.reset('full');
    const { context, page } = await open();
    await page.goto(`${desk.mock.url}/money/bill`);
    await page.getByRole('button', { name: /^You:/ }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await page.getByRole('button', { name: /^Project:/ }).click();
    await page.getByRole('menuitemradio', { name: 'Research' }).click();
    await page.waitForURL(/project=/);
    await page.getByText('Sum of 1 line').waitFor();
    await page.getByRole('link', { name: 'Keys', exact: true }).click();
    expect(page.url()).toContain('project=');
    await page.getByRole('link', { name: 'Nightly evals' }).waitFor();
    expect(await page.getByRole('link', { name: 'App Store build' }).count()).toBe(0);
    await context.close();
  });
});
