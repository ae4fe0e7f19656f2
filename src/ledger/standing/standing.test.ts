import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isTandemError, newId } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import { admissionOf, endOf, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import type { PriceVersion } from '../prices/types.ts';

let house: PathHouse;
let ledger: Ledger;
let price: PriceVersion;
beforeEach(async () => {
  house = await openPathHouse();
  ledger = await house.ledger();
  await ledger.prices.create(ownerOf(house), { resource: 'mac/m4', tier: 'standard', side: 'sell', source: 'a test', buckets: { day: { price: '10000', per: '1' }, week: { price: '45000', per: '1' } } });
  price = ledger.standing.priceAt(house.organisationId, 'mac/m4', 'standard', Date.now())!;
});
afterEach(() => house.close());

const payer = () => ({ organisationId: house.organisationId, projectId: house.projectId, keyId: null });
const hold = (amount: bigint) => house.database.transaction((tx) => ledger.standing.hold(tx, payer(), Date.now(), amount));
const windows = async () => house.database.unscoped('a test reads').selectFrom('budget_windows').select(['spent', 'leased']).execute();

test('what is held is not spent by others, and comes free by its event or its release', async () => {
  await house.addBudget(30_000n);
  await ledger.budgets.inForce();
  const held = await hold(10_000n);
  expect(await windows()).toEqual([{ spent: '0', leased: '10000' }]);
  await expect(hold(20_001n)).rejects.toSatisfy((error) => isTandemError(error, 'budget_short'));
  const event = { ...payer(), id: newId(), kind: 'lease', resource: 'mac/m4', tier: 'standard', occurredAtMs: Date.now(), quantities: { day: 1n }, price, agreedAtMs: Date.now(), excess: 5_000n, cost: null, attributes: { lease: 'x' } } as const;
  await house.database.transaction((tx) => ledger.standing.record(tx, [{ ...event, held: { windows: held, amount: 5_000n } }]));
  expect(await windows()).toEqual([{ spent: '5000', leased: '5000' }]);
  await house.database.transaction((tx) => ledger.standing.release(tx, held, 5_000n));
  expect(await windows()).toEqual([{ spent: '5000', leased: '0' }]);
  const verified = await ledger.bill.verify(ownerOf(house));
  expect(verified).toMatchObject({ ok: true });
  const { items } = await ledger.usage.list(ownerOf(house), { limit: 10 });
  expect(items[0]).toMatchObject({ kind: 'lease', charge: '5000', quantities: { day: '1' } });
});

test('an event keeps the price that was agreed when the list changes meanwhile, and verification knows', async () => {
  const agreedAtMs = Date.now();
  const executor = house.database.unscoped('a test looks ahead');
  expect(await executor.selectFrom('price_versions').select('id').where('resource', '=', 'mac/m4').execute()).toHaveLength(1);
  await ledger.prices.create(ownerOf(house), { resource: 'mac/m4', tier: 'standard', side: 'sell', source: 'dearer', buckets: { day: { price: '90000', per: '1' } } });
  const event = { ...payer(), id: newId(), kind: 'lease', resource: 'mac/m4', tier: 'standard', quantities: { day: 1n }, price, excess: 0n, cost: null, attributes: {}, held: { windows: [], amount: 0n } } as const;
  await house.database.transaction((tx) => ledger.standing.record(tx, [{ ...event, agreedAtMs, occurredAtMs: agreedAtMs + 3_600_000 }]));
  expect(await ledger.bill.verify(ownerOf(house))).toMatchObject({ ok: true });
  // Any other kind is rated by when it happened.
  await house.database.transaction((tx) => ledger.standing.record(tx, [{ ...event, id: newId(), kind: 'batch', agreedAtMs, occurredAtMs: agreedAtMs + 3_600_000 }]));
  expect(await ledger.bill.verify(ownerOf(house))).toMatchObject({ ok: false });
});

test('what gateways hold idle comes back when it is called', async () => {
  const id = await house.addBudget(20_000_000n);
  await ledger.budgets.inForce();
  await (await ledger.admit(admissionOf(house, 1n, 1n))).release(endOf(0n, 0n, 'failed'));
  await expect(hold(20_000_000n)).rejects.toSatisfy((error) => isTandemError(error, 'budget_short'));
  await ledger.standing.callBack(id);
  await vi.waitFor(() => expect(hold(15_000_000n)).resolves.toHaveLength(1));
});
