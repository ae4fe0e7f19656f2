import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole, launch, noBrowser } from './browser.ts';
import { startMockApi } from './mock-api.ts';
import { NOW } from './mock-data.ts';

/**
 * Draws the README's pictures into docs/images, against the tests' API with its invented organisation.
 * Run it after the look has changed: `node console/test/screenshots.ts`.
 */
if (noBrowser !== undefined) throw new Error(noBrowser);
const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
await mkdir(folder, { recursive: true });
const dist = await buildConsole();
const mock = await startMockApi(dist);
const browser = await launch();
mock.reset('full');

const WIDE = { width: 1280, height: 800 };
const shots = [...(['light', 'dark'] as const).flatMap((theme) => (['overview', 'playground', 'keys', 'money'] as const).map((name) => ({ name, theme, size: WIDE }))), { name: 'overview' as const, theme: 'light' as const, size: { width: 390, height: 844 } }];
const ADDRESS = { overview: '/', playground: '/playground', keys: '/keys', money: '/money/bill?by=model' };

for (const { name, theme, size } of shots) {
  const context = await browser.newContext({ viewport: size, colorScheme: theme, reducedMotion: 'reduce', deviceScaleFactor: size === WIDE ? 1 : 1.5 });
  const page = await context.newPage();
  await page.clock.setFixedTime(NOW);
  await page.goto(mock.url + ADDRESS[name]);
  if (name === 'playground') {
    for (const [prompt, answer] of [['What is the capital of France?', 'The capital of France is Paris.'], ['Explain rate limiting in two sentences.', 'when to try again.']] as const) {
      await page.getByLabel('Your message').fill(prompt);
      await page.keyboard.press('Control+Enter');
      await page.getByText(answer).waitFor();
    }
    await page.getByText('$0.000003748').waitFor();
    await page.getByRole('button', { name: 'Show the lines' }).first().click();
    await page.evaluate(() => scrollTo(0, 0));
  }
  if (name === 'overview') await page.locator('.uplot canvas').waitFor();
  await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(folder, `${name}-${theme}${size === WIDE ? '' : '-390'}.png`) });
  await context.close();
}
await browser.close();
await mock.close();
await rm(dist, { recursive: true, force: true });
