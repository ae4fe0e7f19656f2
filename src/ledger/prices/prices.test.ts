import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { silentLogger } from '../../base/index.ts';
import { openTestHouse, type TestHouse } from '../testing/house.ts';
import { createPriceBook, type PriceBook } from './book.ts';
import { Prices, type NewPrice } from './prices.ts';
import { PRICE_LEAD_MS } from './start-of-version.ts';

let house: TestHouse;
let book: PriceBook;
let prices: Prices;

const newBook = () => createPriceBook({ database: house.database, operator: () => house.organisationId, currencyOf: (id) => house.names.organisation(id)?.currency });
const price = (input: string, extra: Partial<NewPrice> = {}): NewPrice => ({
  resource: 'acme/one', tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: input, per: '1000000' }, output: { price: '8', per: '1' } }, ...extra,
});
const inForce = (organisationId = house.organisationId) => book.priceAt(organisationId, 'acme/one', 'standard', house.clock.nowMs())?.buckets.input?.price;

beforeEach(async () => {
  house = await openTestHouse();
  book = newBook();
  await book.start();
  prices = new Prices({ database: house.database, clock: house.clock, log: silentLogger, newId: house.newId, book, audit: house.audit });
});
afterEach(async () => {
  await book.stop();
  await house.close();
});

describe('versions', () => {
  test('the first begins at once, the next when every process knows it, and its start ends the one before', async () => {
    const first = await prices.create(house.principal(), price('100'));
    expect(first).toMatchObject({ effectiveFrom: new Date(house.clock.nowMs()).toISOString(), effectiveTo: null, createdBy: 'ada@example.org', currency: 'USD' });
    expect(first.buckets).toMatchObject({ cache_read: { price: '100' }, reasoning: { price: '8', per: '1' } });
    expect(inForce()).toBe(100n);

    const second = await prices.create(house.principal(), price('200'));
    expect(Date.parse(second.effectiveFrom)).toBe(house.clock.nowMs() + PRICE_LEAD_MS);
    expect(inForce()).toBe(100n);
    house.clock.advance(PRICE_LEAD_MS - 1);
    expect(inForce()).toBe(100n);
    house.clock.advance(1);
    expect(inForce()).toBe(200n);

    expect(prices.list(house.principal(), { history: false }).items.map((one) => one.id)).toEqual([second.id]);
    expect(prices.list(house.principal(), { history: true }).items).toMatchObject([{ id: second.id }, { id: first.id, effectiveTo: second.effectiveFrom }]);
    expect(house.audited.map((entry) => entry.action)).toEqual(['price.create', 'price.create']);
  });

  test('never in the past, in one currency, with a bucket, and cost alone by backend', async () => {
    const create = (extra: Partial<NewPrice>) => prices.create(house.principal(), price('1', extra));
    await expect(create({ effectiveFrom: new Date(house.clock.nowMs() - 1).toISOString() })).rejects.toMatchObject({ code: 'price_in_past' });
    await expect(create({ currency: 'EUR' })).rejects.toMatchObject({ code: 'currency_mismatch' });
    await expect(create({ buckets: {} })).rejects.toMatchObject({ code: 'invalid_request', param: 'buckets' });
    await expect(create({ buckets: { input: { price: '1', per: '0' } } })).rejects.toMatchObject({ param: 'buckets.input.per' });
    await expect(create({ backendId: house.newId() })).rejects.toMatchObject({ param: 'backendId' });
    await expect(prices.create(house.principal(undefined, 'viewer'), price('1'))).rejects.toMatchObject({ code: 'permission_denied' });
  });

  test('nobody prices what another serves', async () => {
    prices.useOwners((organisationId, resource) => organisationId !== house.organisationId || resource.startsWith('own/'));
    await expect(prices.create(house.principal(), price('0'))).rejects.toMatchObject({ code: 'price_not_yours', message: expect.stringContaining('acme/one') });
    await prices.create(house.principal(), price('0', { resource: 'own/one' }));
    const { changes } = await prices.import(house.principal(), { map: { 'acme/one': { mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 } }, apply: true, source: 'a test' });
    expect(changes).toMatchObject([{ change: 'skipped', reason: 'the operator of this server prices it' }]);
    expect(inForce()).toBeUndefined();
  });

  test('a list that replaces another states what is paid by its name: time for machines, all else for models, both for both', async () => {
    prices.useNames(async () => (name) => ({ machine: name.startsWith('node/') || name === 'both', model: name.startsWith('acme/') || name === 'both' }));
    const unit = { price: '1', per: '1' };
    const timed = (resource: string, more: NewPrice['buckets'] = {}) => prices.create(house.principal(), price('1', { resource, buckets: { minute: unit, ...more } }));
    await expect(prices.create(house.principal(), price('1', { resource: 'node/linux-x64' }))).rejects.toMatchObject({ code: 'price_wrong_kind', param: 'buckets', message: 'node/linux-x64 is what machines or volumes here are paid by, so its price is by time; this one would leave it without any.' });
    await expect(timed('acme/one')).rejects.toMatchObject({ code: 'price_wrong_kind', message: expect.stringContaining('acme/one is a model here, so its price is by tokens or requests') });
    for (const one of [prices.create(house.principal(), price('1', { resource: 'both' })), timed('both')]) await expect(one).rejects.toMatchObject({ code: 'price_wrong_kind' });
    await timed('node/linux-x64');
    await timed('both', { input: unit, output: unit });
    // Whoever meters something of its own prices it by what it likes.
    await timed('a/press', { request: unit });
    const { changes } = await prices.import(house.principal(), { map: { 'node/linux-x64': { mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 } }, apply: true, source: 'a test' });
    expect(changes).toMatchObject([{ change: 'skipped', reason: 'machines are leased by this name' }]);
  });

  test('an explicit zero is a price; what is not listed is unknown', async () => {
    await prices.create(house.principal(), price('0'));
    expect(inForce()).toBe(0n);
    expect(book.priceAt(house.organisationId, 'acme/two', 'standard', house.clock.nowMs())).toBeUndefined();
    expect(book.priceAt(house.organisationId, 'acme/one', 'contributor', house.clock.nowMs())).toBeUndefined();
    expect(book.priceAt(house.organisationId, 'acme/one', 'standard', house.clock.nowMs() - 1)).toBeUndefined();
  });

  test('twenty at once are twenty versions with twenty starts', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, at) => prices.create(house.principal(), price(String(at)))));
    const starts = prices.list(house.principal(), { history: true }).items.map((one) => one.effectiveFrom);
    expect(new Set(starts).size).toBe(20);
  });

  test('the database refuses to change or remove one', async () => {
    await prices.create(house.principal(), price('100'));
    for (const statement of ['update price_versions set resource = \'x\'', 'delete from price_versions', 'truncate price_versions', 'update journal set sequence = 9', 'delete from journal']) {
      await expect(house.database.pool.query(statement)).rejects.toThrow(/written once/);
    }
  });

  test('a cost list of one backend goes before that of all; selling prices are another list', async () => {
    const backendId = house.newId();
    await prices.create(house.principal(), price('7', { side: 'cost' }));
    await prices.create(house.principal(), price('5', { side: 'cost', backendId }));
    house.clock.advance(PRICE_LEAD_MS);
    const cost = (id: string | null) => book.priceAt(house.organisationId, 'acme/one', 'standard', house.clock.nowMs(), 'cost', id)?.buckets.input?.price;
    expect([cost(backendId), cost(house.newId()), cost(null), inForce()]).toEqual([5n, 7n, 7n, undefined]);
  });
});

describe('several organisations and processes', () => {
  test('an organisation without a list is served by the operator\'s, in its currency only', async () => {
    const [tenant, european] = [await house.addOrganisation('USD'), await house.addOrganisation('EUR')];
    await prices.create(house.principal(), price('100'));
    expect([inForce(tenant), inForce(european)]).toEqual([100n, undefined]);
    expect(prices.list(house.principal(tenant), { history: false }).items).toHaveLength(1);
    expect(prices.list(house.principal(european), { history: false }).items).toHaveLength(0);
    await prices.create(house.principal(tenant), price('50'));
    house.clock.advance(PRICE_LEAD_MS);
    expect([inForce(tenant), inForce()]).toEqual([50n, 100n]);
  });

  test('another process knows a version as soon as it is told', async () => {
    const other = newBook();
    await other.start();
    const heard = new Promise<void>((resolve) => void house.database.listen('prices', () => resolve()));
    const made = await prices.create(house.principal(), price('100'));
    await heard;
    await other.refresh();
    expect(other.byId(made.id)?.buckets.input?.price).toBe(100n);
    await other.stop();
  });
});

describe('defaults and import', () => {
  test('the defaults are Meta\'s published tiers and a price for the embedded model, for stand-ins and for operator minutes, once', async () => {
    await prices.seedDefaults(house.organisationId, 'USD');
    await prices.seedDefaults(house.organisationId, 'USD');
    const items = prices.list(house.principal(), { history: true }).items;
    const said = items.map((one) => [one.resource, one.tier, one.buckets['input']?.price, one.buckets['cache_read']?.price, one.buckets['output']?.price]);
    expect(said).toEqual([
      ['mac/stand-in', 'standard', undefined, undefined, undefined],
      ['muse-spark', 'contributor', '100000000000', '2000000000', '200000000000'],
      ['muse-spark', 'standard', '1250000000000', '150000000000', '4250000000000'],
      ['operator/minutes', 'standard', undefined, undefined, undefined],
      ['tandem/local', 'contributor', '20000000000', '2000000000', '80000000000'],
      ['tandem/local', 'standard', '20000000000', '2000000000', '80000000000'],
    ]);
    expect(items.every((one) => /20\d\d-\d\d-\d\d/.test(one.source))).toBe(true);
    expect(book.priceAt(house.organisationId, 'tandem/local', 'standard', house.clock.nowMs(), 'cost')).toBeUndefined();
  });

  test('an import shows the difference, applies it in one go, and then there is none', async () => {
    const map = JSON.parse(readFileSync(new URL('./fixtures/litellm-excerpt.json', import.meta.url), 'utf8')) as Record<string, unknown>;
    await prices.create(house.principal(), price('1', { resource: 'gpt-4o' }));
    const input = { map, source: 'LiteLLM 1.109.1, 2026-11-23' };
    const shown = await prices.import(house.principal(), { ...input, apply: false });
    expect(shown.summary).toEqual({ new: 7, changed: 1, same: 0, skipped: 4 });
    expect(shown.changes.find((change) => change.resource === 'gpt-4o')).toMatchObject({ change: 'changed', before: { input: { price: '1' } }, after: { input: { price: '2500000000000' } } });
    expect(prices.list(house.principal(), { history: true }).items).toHaveLength(1);

    expect((await prices.import(house.principal(), { ...input, apply: true })).applied).toBe(true);
    expect(prices.list(house.principal(), { history: true }).items).toHaveLength(9);
    // Also before the changed one is in force, a second import finds nothing to do.
    expect((await prices.import(house.principal(), { ...input, apply: true })).summary).toEqual({ new: 0, changed: 0, same: 8, skipped: 4 });
    expect(prices.list(house.principal(), { history: true, resource: 'gpt-4o' }).items[0]?.source).toContain('developers.openai.com');
    expect(house.audited.filter((entry) => entry.action === 'price.import')).toHaveLength(1);
  });

  test('an import can be narrowed, and says what the map does not have', async () => {
    const reply = await prices.import(house.principal(), { map: { a: { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 }, b: {} }, only: ['a', 'c'], apply: false, source: 'a test' });
    expect(reply.changes.map((change) => [change.resource, change.change])).toEqual([['a', 'new'], ['c', 'skipped']]);
  });
});
