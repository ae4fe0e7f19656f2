import { afterEach, beforeEach, expect, test } from 'vitest';
import { TandemError, type ErrorCode } from '../../base/index.ts';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import type { RequestsQuery } from './requests.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const sight = () => house.books.sight;
const list = (query: Partial<RequestsQuery> = {}) => sight().requests(house.principal(), { limit: 100, ...query });
const ids = async (query: Partial<RequestsQuery> = {}) => (await list(query)).items.map(({ id }) => id);
const noted = (code: ErrorCode, options: { id?: string; model?: string | null; params?: Record<string, string>; projectId?: string } = {}) => {
  const id = options.id ?? house.newId();
  sight().noteError({ id, principal: { ...house.principal(), projectId: options.projectId ?? house.projectId }, model: options.model ?? 'tandem/local', dialect: 'chat', error: new TandemError(code, { params: options.params ?? {}, facts: { scope: 'key' } }) });
  return id;
};

test('admitted and refused calls in one list, newest first, page by page', async () => {
  const all: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    house.clock.advance(10);
    all.unshift(at % 2 === 0 ? noted('budget_exceeded') : (await house.poster.use({ quantities: { input: 1n } }))[0]!.id);
  }
  await sight().errorsWritten();
  const first = await list({ limit: 4 });
  expect(first.items.map(({ id }) => id)).toEqual(all.slice(0, 4));
  const second = await list({ limit: 4, cursor: first.nextCursor! });
  expect([second.items.map(({ id }) => id), second.nextCursor, second.lookedBackTo]).toEqual([all.slice(4), null, null]);
  expect(first.items[1]).toMatchObject({ outcome: 'refused', code: 'budget_exceeded', status: 402, charge: '0', projectName: 'default', model: 'tandem/local' });
  expect(first.items[0]).toMatchObject({ outcome: 'completed', code: null, charge: '1000', firstTokenMs: 12.5 });
});

test('a call that was admitted and then failed is one, with its error', async () => {
  const [event] = await house.poster.use({ quantities: {}, outcome: 'failed' });
  noted('backend_timeout', { id: event!.id, params: { backend: 'b', step: 'answer', seconds: '9' } });
  await sight().errorsWritten();
  for (const query of [{}, { outcome: 'failed' }, { outcome: 'not_completed' }, { code: 'backend_timeout' }, { status: 504 }] as const) {
    expect((await list(query)).items).toMatchObject([{ id: event!.id, outcome: 'failed', code: 'backend_timeout', tier: 'default' }]);
  }
  expect(await ids({ outcome: 'refused' })).toEqual([]);
  expect(await sight().request(house.principal(), event!.id)).toMatchObject({ error: { code: 'backend_timeout', status: 504, message: expect.stringContaining('did not answer') as string } });
});

test('each filter finds its calls and no other', async () => {
  const attributes = { dialect: 'messages', user: 'u-1', tags: ['a', 'b'], scenario: 'refund', timings: { totalMs: 900 }, attempts: [{ backendId: 'gpu-1' }, { backendId: 'gpu-2' }] };
  const keyId = house.newId();
  const [special] = await house.poster.use({ quantities: { input: 1n }, keyId, attributes, serviceTier: 'flex' }, { quantities: { input: 1n }, outcome: 'cut' });
  for (const query of [{ keyId }, { backendId: 'gpu-1' }, { backendId: 'gpu-2' }, { dialect: 'messages' }, { user: 'u-1' }, { tag: 'b' }, { scenario: 'refund' }, { tier: 'flex' }, { minMs: 900 }, { id: `chatcmpl-${special!.id}` }, { id: special!.id.replaceAll('-', '') }]) {
    expect([query, await ids(query)]).toEqual([query, [special!.id]]);
  }
  for (const query of [{ keyId: house.newId() }, { backendId: 'gpu' }, { tag: 'c' }, { model: 'x' }, { minMs: 901 }, { projectId: house.newId() }, { to: new Date(house.clock.nowMs() - 1_000).toISOString() }]) expect([query, await ids(query)]).toEqual([query, []]);
  expect(await ids({ outcome: 'not_completed' })).toHaveLength(1);
  await expect(list({ id: 'nothing' })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a call of another organisation or project is not there', async () => {
  const [event] = await house.poster.use({ quantities: { input: 1n } });
  const refused = noted('budget_exceeded');
  await sight().errorsWritten();
  const other = house.principal(await house.addOrganisation());
  const bound = { ...house.principal(), projectId: house.newId() };
  for (const principal of [other, bound]) {
    expect((await sight().requests(principal, { limit: 10 })).items).toEqual([]);
    for (const id of [event!.id, refused]) {
      expect((await sight().requests(principal, { limit: 10, id })).items).toEqual([]);
      await expect(sight().request(principal, id)).rejects.toMatchObject({ code: 'resource_not_found' });
    }
    expect((await sight().errors(principal, {})).codes).toEqual([]);
  }
});

test('keeps no text of a caller: no message that could repeat it, and no model that is none', async () => {
  const secret = 'write me a poem';
  noted('invalid_request', { params: { reason: secret } });
  noted('backend_refused', { params: { backend: 'b', reason: secret } });
  noted('model_not_found', { model: secret, params: { model: secret, near: '' } });
  await sight().errorsWritten();
  const everything = JSON.stringify(await Promise.all((await list()).items.map(({ id }) => sight().request(house.principal(), id))));
  expect(everything).toContain('model_not_found');
  expect(everything).not.toContain('poem');
});

test('counts every error by the minute, and keeps a bounded number one by one', async () => {
  for (let at = 0; at < 700; at += 1) noted('budget_exceeded');
  noted('price_unknown');
  await sight().errorsWritten();
  noted('budget_exceeded');
  await sight().errorsWritten();
  await house.poster.use({ quantities: { input: 1n } });
  await sight().catchUp();
  expect(await sight().errors(house.principal(), {})).toMatchObject({ admitted: '1', errors: '702', codes: [{ code: 'budget_exceeded', calls: '701' }, { code: 'price_unknown', calls: '1' }] });
  expect((await list({ limit: 500 })).items.length + (await list({ limit: 500, cursor: (await list({ limit: 500 })).nextCursor! })).items.length).toBe(502);
  house.clock.advance(31 * 86_400_000);
  await sight().prune();
  expect(await ids({ from: '2026-05-01T00:00:00.000Z', outcome: 'refused' })).toEqual([]);
  expect((await sight().errors(house.principal(), { from: '2026-05-01T00:00:00.000Z' })).errors).toBe('702');
});

test('an error of nobody known is the operator\'s', async () => {
  sight().noteError({ id: house.newId(), principal: null, model: null, dialect: 'chat', error: new TandemError('invalid_api_key') });
  await sight().errorsWritten();
  expect((await list()).items).toMatchObject([{ code: 'invalid_api_key', keyId: null, projectId: null, model: null }]);
});

test('a call says what its machines cost, to whoever sees costs, and asks only for its own organisation', async () => {
  const asked: unknown[] = [];
  const share = { state: 'split', minutes: 0.5, cost: '700', currency: 'USD' } as const;
  sight().useMachineShares(async (...given) => {
    asked.push(given);
    return share;
  });
  const attempts = [{ backendId: 'gpu-1', outcome: 'failed' }, { backendId: 'gpu-2', quantities: { input: '3', output: '4', request: '1' } }];
  const [event] = await house.poster.use({ quantities: { input: 3n }, attributes: { attempts } });
  expect((await sight().request(house.principal(), event!.id)).machine).toEqual(share);
  expect(asked).toEqual([[house.organisationId, { id: event!.id, tries: [{ backendId: 'gpu-1', tokens: 0n }, { backendId: 'gpu-2', tokens: 7n }] }]]);
  // Refused before any machine had it.
  const refused = noted('budget_exceeded');
  await sight().errorsWritten();
  expect((await sight().request(house.principal(), refused)).machine).toBeNull();
  const bound = { ...house.principal(), projectId: house.projectId };
  expect(await sight().request(bound, event!.id)).not.toHaveProperty('machine');
  expect(asked).toHaveLength(1);
});
