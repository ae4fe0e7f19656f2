import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { projectHolds } from './project-holds.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

describe('a lease', () => {
  it('begins and ends within a year from now, and not in the past', async () => {
    const nowMs = house.clock.nowMs();
    for (const startsAtMs of [nowMs - HOUR, nowMs + 367 * DAY]) {
      await expect(house.leases.quote(house.admin, newLease({ startsAtMs }))).rejects.toMatchObject({ code: 'invalid_request', param: 'startsAt' });
      await expect(house.leases.create(house.admin, newLease({ startsAtMs }))).rejects.toMatchObject({ code: 'invalid_request', param: 'startsAt' });
    }
    // Asked for again after its start it is still the one that it was.
    const asked = newLease({ startsAtMs: nowMs + MINUTE });
    const { id } = await house.leases.create(house.admin, asked);
    await house.pass(10 * MINUTE, MINUTE);
    expect((await house.leases.create(house.admin, asked)).id).toBe(id);
    await expect(house.leases.extend(house.admin, id, { minutes: 366 * 1_440, atMost: null })).rejects.toMatchObject({ code: 'invalid_request', param: 'minutes', message: expect.stringContaining('within a year from now') });
    await house.leases.extend(house.admin, id, { minutes: 365 * 1_440, atMost: null });
    // What it may cost at most bounds it, however long it is.
    await house.pass(5 * DAY, 12 * HOUR);
    await house.leases.extend(house.admin, id, { minutes: 5 * 1_440, atMost: '99999000000000000' });
  });

  it('costs no more than was agreed to by a quote', async () => {
    const { cost } = await house.leases.quote(house.admin, newLease());
    const asked = newLease({ agreed: cost });
    const { id } = await house.leases.create(house.admin, asked);
    await house.ledger.prices.create(house.admin, { resource: 'gpu/h100-80gb', source: 'a test', tier: 'standard', side: 'sell', buckets: { minute: { price: '3000000000000', per: '60' } } });
    house.clock.advance(MINUTE);
    await expect(house.leases.create(house.admin, newLease({ agreed: cost }))).rejects.toMatchObject({ code: 'price_changed', message: 'It costs 3.00 USD now, more than the 2.00 USD that were agreed to.' });
    // The same wish once more is the lease that is there, by its own price.
    expect(await house.leases.create(house.admin, { ...asked, agreed: null })).toMatchObject({ id, cost: { atEnd: '2000000000000' } });
  });

  it('is of a project that is there: none is asked for or handed to an archived one, and one that has leases stays', async () => {
    const second = await house.access.projects.create(house.admin, { name: 'second' });
    house.access.projects.useHolds((...asked) => projectHolds(house.database, ...asked));
    const { id } = await house.leases.create(house.admin, newLease({ projectId: second.id }));
    await expect(house.access.projects.archive(house.admin, second.id)).rejects.toMatchObject({ code: 'project_in_use', message: 'The project second still has 1 lease, and pays for that.' });
    await house.leases.end(house.admin, id);
    await house.pass(2_000);
    await house.access.projects.archive(house.admin, second.id);
    await expect(house.leases.create(house.admin, newLease({ projectId: second.id }))).rejects.toMatchObject({ code: 'project_archived', param: 'projectId' });
    const other = await house.leases.create(house.admin, newLease());
    await expect(house.leases.handOver(house.admin, other.id, { projectId: second.id })).rejects.toMatchObject({ code: 'project_archived' });
  });

  it('is refused where its price has so many digits that no books hold a year of it', async () => {
    await house.ledger.prices.create(house.admin, { resource: 'gpu/h100-80gb', source: 'a test', tier: 'standard', side: 'sell', buckets: { minute: { price: '9'.repeat(38), per: '60' } } });
    house.clock.advance(MINUTE);
    await expect(house.leases.create(house.admin, newLease())).rejects.toMatchObject({ code: 'invalid_request', param: 'price', message: expect.stringContaining('A year of gpu/h100-80gb would cost more than the books can hold') });
  });
});
