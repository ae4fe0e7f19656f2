import { expect, test } from 'vitest';
import { against } from '../testing/against.ts';
import { run } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const whole = {
  id: ID, scope: { kind: 'project', id: ID, name: 'default' }, subject: null, holder: 'project default', amount: '250000000000000', currency: 'USD', period: 'month', spent: '1000000000000', held: '0', left: '249000000000000',
  windowStart: '2026-11-01T00:00:00.000Z', windowEnd: '2026-12-01T00:00:00.000Z', createdAt: '2026-11-01T00:00:00.000Z', alertShares: [50], each: null,
};
const each = {
  ...whole, id: ID.replace(/1$/, '2'), subject: { kind: 'user', name: null }, holder: 'each user of project default', amount: '2000000000000', spent: '2000000000000', left: '0', alertShares: [],
  each: { names: 212, exhausted: 3, most: [{ name: 'u-17', label: 'u-17', spent: '2000000000000', held: '0' }] },
};
const projects = { 'GET /api/projects': { json: { items: [{ id: ID, name: 'default', slug: 'default' }], nextCursor: null } } };

test('budgets are listed by whom they hold; of one for each, who spent most and how many have nothing left', async () => {
  const { env } = await against({ 'GET /api/budgets': { json: { items: [whole, each], nextCursor: null } } });
  const { out } = await run(['budgets'], env);
  expect(out).toMatch(/project default +month +\$250\.00 +\$1\.00 +\$0\.00 +\$249\.00 +- +50%/);
  expect(out).toMatch(/each user of project default +month +\$2\.00 +\$2\.00 +\$0\.00 +\$0\.00 +u-17, 1 of 212; 3 spent up/);
});

test.each([
  [['--each', 'user'], { kind: 'user', name: null }], [['--each', 'key'], { kind: 'key', name: null }], [['--user', 'vip'], { kind: 'user', name: 'vip' }], [['--tag', 'night run'], { kind: 'tag', name: 'night run' }], [['--model', 'team/big'], { kind: 'model', name: 'team/big' }], [[], null],
])('set with %j is a budget of %j', async (words, subject) => {
  const { env, seen } = await against({ ...projects, 'GET /api/budgets': { json: { items: [], nextCursor: null } }, 'POST /api/budgets': { status: 201, json: each } });
  expect((await run(['budgets', 'set', 'project:default', '2', ...words], env)).code).toBe(0);
  expect(seen.at(-1)!.body).toEqual({ scope: { kind: 'project', id: ID }, subject, amount: '2000000000000', period: 'month' });
});

test('what is there is changed, and a budget of each user is another than that of all', async () => {
  const { env, seen } = await against({ ...projects, 'GET /api/budgets': { json: { items: [whole, each], nextCursor: null } }, [`PATCH /api/budgets/${each.id}`]: { json: each }, [`PATCH /api/budgets/${whole.id}`]: { json: whole } });
  expect((await run(['budgets', 'set', 'project:default', '2', '--each', 'user'], env)).out).toBe('each user of project default: $2.00 a month.\n');
  expect(seen.at(-1)!.path).toContain(each.id);
  expect((await run(['budgets', 'set', 'project:default', '250'], env)).out).toBe('project default: $250.00 a month, $249.00 left.\n');
  expect(seen.at(-1)!.path).toContain(whole.id);
});

test.each([[['--each', 'lease']], [['--each', 'user', '--tag', 'x']]])('set with %j is bad usage', async (words) => {
  const { env } = await against({});
  expect((await run(['budgets', 'set', 'organisation', '2', ...words], env)).code).toBe(2);
});
