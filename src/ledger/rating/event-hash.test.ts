import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chainHash, eventHash, sorted, type HashedEvent } from './event-hash.ts';

const event: HashedEvent = {
  id: 'a', organisationId: 'b', projectId: 'c', keyId: null, kind: 'call', resource: 'tandem/local', tier: 'standard', serviceTier: 'default', occurredAtMs: 5, quantities: { input: '1', output: '2' },
  charge: 7n, cost: null, currency: 'USD', priceVersionId: null, outcome: 'completed', counted: 'backend', attributes: { a: 1, b: { c: [1, 2], d: null } }, epoch: 'e', sequence: 1n,
};

test('every field counts, whatever it is changed to', () => {
  const other: { [K in keyof HashedEvent]: HashedEvent[K] } = {
    id: 'x', organisationId: 'x', projectId: 'x', keyId: 'x', kind: 'x', resource: 'x', tier: 'x', serviceTier: 'flex', occurredAtMs: 6, quantities: { input: '1', output: '3' }, charge: 8n, cost: 0n,
    currency: 'EUR', priceVersionId: 'x', outcome: 'x', counted: 'x', attributes: { a: 1, b: { c: [2, 1], d: null } }, epoch: null, sequence: 2n,
  };
  const hashes = (Object.keys(event) as (keyof HashedEvent)[]).map((name) => eventHash({ ...event, [name]: other[name] }).toString('hex'));
  expect(new Set([...hashes, eventHash(event).toString('hex')]).size).toBe(hashes.length + 1);
});

test('the order in which an object\'s names are kept does not count, as jsonb keeps its own', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const turned = Object.fromEntries(Object.entries(value).toReversed());
    expect(JSON.stringify(sorted(turned))).toBe(JSON.stringify(sorted(value)));
  }));
});

test('a chain depends on what came before, on each hash and on their order', () => {
  const [one, two, start] = [eventHash(event), eventHash({ ...event, id: 'x' }), Buffer.alloc(32)];
  const chains = [chainHash(start, [one, two]), chainHash(start, [two, one]), chainHash(start, [one]), chainHash(one, [one, two]), chainHash(chainHash(start, [one]), [two])];
  expect(new Set(chains.map((chain) => chain.toString('hex'))).size).toBe(chains.length);
});
