import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '../../access/index.ts';
import { isTandemError, newId, type ErrorCode } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import { booksOf, MODEL, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import type { GivenEvent } from './record-usage.ts';

let house: PathHouse;
let ledger: Ledger;
let principal: Principal;
beforeEach(async () => {
  house = await openPathHouse();
  ledger = await house.ledger();
  principal = ownerOf(house);
});
afterEach(() => house.close());

const event = (more: Partial<GivenEvent> = {}): GivenEvent => ({
  id: newId(), kind: 'batch', resource: MODEL, projectId: house.projectId, keyId: null, occurredAt: new Date(Date.now() - 1_000).toISOString(), quantities: { input: '7' }, attributes: { job: 'nightly' }, ...more,
});

const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

test('the same id and payload counts once, another payload is a conflict', async () => {
  const one = event();
  expect(await ledger.usage.record(principal, [one])).toEqual({ recorded: 1, repeated: 0 });
  expect(await ledger.usage.record(principal, [{ ...one, quantities: { input: '07', output: '0' } }, one])).toEqual({ recorded: 0, repeated: 2 });
  await expect(ledger.usage.record(principal, [event(), { ...one, quantities: { input: '8' } }])).rejects.toSatisfy(failsWith('id_conflict'));
  expect(await booksOf(house.database)).toMatchObject({ rolled: 7_000_000n, events: [{ id: one.id }] });
});

test('what cannot be true is refused by name', async () => {
  const bad: [Partial<GivenEvent>, ErrorCode][] = [
    [{ occurredAt: new Date(Date.now() + 3_600_000).toISOString() }, 'usage_refused'], [{ quantities: { input: '-1' } }, 'usage_refused'],
    [{ quantities: { input: '1e3' } }, 'usage_refused'], [{ resource: 'nobody/knows' }, 'price_unknown'], [{ quantities: { byte: '1' } }, 'price_unknown'], [{ projectId: newId() }, 'resource_not_found'],
  ];
  for (const [more, code] of bad) await expect(ledger.usage.record(principal, [event(more)])).rejects.toSatisfy(failsWith(code));
  expect((await booksOf(house.database)).events).toEqual([]);
});

test('permuted, repeated and delayed, the same events make the same sums', async () => {
  let total = 0n;
  await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 12 }), fc.array(fc.nat({ max: 11 }), { maxLength: 24 }), async (inputs, order) => {
    const events = inputs.map((input) => event({ quantities: { input: String(input) } }));
    for (const at of order) await ledger.usage.record(principal, [events[at % events.length]!]);
    await Promise.all([ledger.usage.record(principal, events.toReversed()), ledger.usage.record(principal, events)]);
    total += inputs.reduce((sum, input) => sum + BigInt(input) * 1_000_000n, 0n);
    expect((await booksOf(house.database)).rolled).toBe(total);
  }), { numRuns: 8 });
}, 60_000);

test('a budget made in the middle of a month counts what the month has spent', async () => {
  await ledger.usage.record(principal, [event()]);
  const budget = await ledger.budgets.create(principal, { scope: { kind: 'project', id: house.projectId }, amount: '10000000', period: 'month' });
  expect(budget).toMatchObject({ spent: '7000000', left: '3000000', scope: { name: 'default' } });
  await ledger.usage.record(principal, [event({ quantities: { input: '2' } })]);
  expect((await ledger.budgets.list(principal)).items[0]).toMatchObject({ spent: '9000000', left: '1000000' });
  await expect(ledger.budgets.create(principal, { scope: { kind: 'project', id: house.projectId }, amount: '1', period: 'month' })).rejects.toSatisfy(failsWith('budget_taken'));
  await expect(ledger.budgets.create(principal, { scope: { kind: 'project', id: newId() }, amount: '1', period: 'month' })).rejects.toSatisfy(failsWith('resource_not_found'));
});
