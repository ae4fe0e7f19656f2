import { expect, test } from 'vitest';
import { against } from '../testing/against.ts';
import { run } from '../testing/terminal.ts';

const ID = '0192f0c1-0000-7000-8000-000000000001';
const limit = { id: ID, scope: { kind: 'project', id: ID, name: 'default' }, subject: { kind: 'user', name: null }, metric: 'requests', amount: 20, holder: 'each user of project default', createdAt: '2026-11-23T07:00:00.000Z' };
const projects = { 'GET /api/projects': { json: { items: [{ id: ID, name: 'default', slug: 'default' }], nextCursor: null } } };

test('limits are listed by whom they hold, and none says how to set one', async () => {
  const { env } = await against({ 'GET /api/limits': { json: { items: [limit], nextCursor: null } } });
  expect((await run(['limits'], env)).out).toContain('each user of project default      20  requests a minute');
  const none = await against({ 'GET /api/limits': { json: { items: [], nextCursor: null } } });
  expect((await run(['limits'], none.env)).out).toContain('tandem limits set');
});

test('a new limit is made, one that is there is changed', async () => {
  const fresh = await against({ ...projects, 'GET /api/limits': { json: { items: [], nextCursor: null } }, 'POST /api/limits': { status: 201, json: limit } });
  expect((await run(['limits', 'set', 'project:default', '20', 'requests', '--each', 'user'], fresh.env)).out).toBe('each user of project default: 20 requests a minute.\n');
  expect(fresh.seen.at(-1)!.body).toEqual({ scope: { kind: 'project', id: ID }, subject: { kind: 'user', name: null }, metric: 'requests', amount: 20 });
  const known = await against({ ...projects, 'GET /api/limits': { json: { items: [limit], nextCursor: null } }, [`PATCH /api/limits/${ID}`]: { json: { ...limit, amount: 30 } }, 'POST /api/limits': { status: 201, json: { ...limit, subject: null, holder: 'project default' } } });
  expect((await run(['limits', 'set', 'project:default', '30', 'requests', '--each', 'user'], known.env)).out).toContain('30 requests a minute');
  expect(known.seen.at(-1)).toMatchObject({ method: 'PATCH', body: { amount: 30 } });
  // The project as a whole is another limit than each user of it.
  await run(['limits', 'set', 'project:default', '30', 'requests'], known.env);
  expect(known.seen.at(-1)!.body).toEqual({ scope: { kind: 'project', id: ID }, subject: null, metric: 'requests', amount: 30 });
});

test.each([[['project:default', 'many', 'requests']], [['project:default', '1', 'bananas']], [['team:x', '1', 'requests']], [['organisation', '1', 'requests', '--each', 'user', '--model', 'm']], [['organisation', '1', 'requests', '--each', 'thing']]])('limits set %j is bad usage', async (words) => {
  const { env } = await against({});
  expect((await run(['limits', 'set', ...words], env)).code).toBe(2);
});

test('a limit is removed by its id', async () => {
  const { env } = await against({ [`DELETE /api/limits/${ID}`]: { status: 204 } });
  expect((await run(['limits', 'remove', ID], env)).out).toBe('Removed the limit.\n');
});
