import { startMockApi } from '/work/main/console/test/mock-api.ts';
import { launch, buildConsole } from '/work/main/console/test/browser.ts';
import { NOW } from '/work/main/console/test/mock-data.ts';
import { mkdirSync, rmSync } from 'node:fs';
const only = process.argv[2]?.split(','); const themes = (process.argv[3] ?? 'light').split(','); const widths = (process.argv[4] ?? '1280').split(',').map(Number); const mode = (process.argv[5] ?? 'full') as 'full';
const dist = await buildConsole();
const mock = await startMockApi(dist);
mock.reset(mode);
const b = await launch();
const w = mock.world();
const pages: Record<string,string> = { overview:'/', playground:'/playground', keys:'/keys', newkey:'/keys/new', key:`/keys/${w.keys[0]?.id}`, bill:'/money/bill', budgets:'/money/budgets', prices:'/money/prices', invoices:'/money/invoices', invoice:`/money/invoices/${w.invoices[0]?.id}`, credits:'/money/credits', org:'/settings/organisation', members:'/settings/members', accounts:'/settings/service-accounts', models:'/settings/models', backends:'/settings/backends', trail:'/settings/trail', login:'/login', invite:'/invite#token=x' };
for (const theme of themes) for (const width of widths) {
  const ctx = await b.newContext({ viewport: { width, height: width < 500 ? 844 : 800 }, colorScheme: theme as 'light' });
  const page = await ctx.newPage();
  await page.clock.setFixedTime(NOW);
  page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') console.log(theme, width, m.text().slice(0, 300)); });
  page.on('pageerror', (e) => console.log('PAGEERROR', e.message.slice(0, 400)));
  for (const [name, path] of Object.entries(pages)) {
    if (only && only[0] !== 'all' && !only.includes(name)) continue;
    await page.goto(mock.url + path); await page.waitForTimeout(500);
    if (name === 'playground' && mode === 'full') { await page.fill('#prompt', 'What is the capital of France?'); await page.keyboard.press('Control+Enter'); await page.waitForTimeout(400); await page.fill('#prompt', 'Explain rate limiting.'); await page.keyboard.press('Control+Enter'); await page.waitForTimeout(1200); }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) console.log('OVERFLOW', name, theme, width, wide);
    await page.screenshot({ path: `/tmp/shots/${name}-${theme}-${width}.png`, fullPage: process.argv[6] === 'tall' });
  }
  await ctx.close();
}
await b.close(); await mock.close(); rmSync(dist, { recursive: true });
