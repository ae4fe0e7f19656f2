import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical.ts';
import { chainHash, formerHash, readHash, type ReadEvent } from './event-hash.ts';

const event: ReadEvent = {
  id: 'a', organisationId: 'b', projectId: 'c', keyId: null, kind: 'call', resource: 'tandem/local', tier: 'standard', serviceTier: 'default', occurredAtMs: 5, quantities: { input: '1', output: '2' },
  charge: 7n, cost: null, currency: 'USD', priceVersionId: null, outcome: 'completed', counted: 'backend', attributes: { a: 1, b: { c: [1, 2], d: null } }, epoch: 'e', sequence: 1n,
};

test('every field counts, whatever it is changed to', () => {
  const other: { [K in keyof ReadEvent]: ReadEvent[K] } = {
    id: 'x', organisationId: 'x', projectId: 'x', keyId: 'x', kind: 'x', resource: 'x', tier: 'x', serviceTier: 'flex', occurredAtMs: 6, quantities: { input: '1', output: '3' }, charge: 8n, cost: 0n,
    currency: 'EUR', priceVersionId: 'x', outcome: 'x', counted: 'x', attributes: { a: 1, b: { c: [2, 1], d: null } }, epoch: null, sequence: 2n,
  };
  const hashes = (Object.keys(event) as (keyof ReadEvent)[]).map((name) => readHash({ ...event, [name]: other[name] }).toString('hex'));
  expect(new Set([...hashes, readHash(event).toString('hex')]).size).toBe(hashes.length + 1);
});

test('the order in which an object\'s names are kept does not count, as jsonb keeps its own', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
    const turned = Object.fromEntries(Object.entries(value).toReversed());
    expect(canonicalJson(turned)).toBe(canonicalJson(value));
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
  }));
});

test('a chain depends on what came before, on each hash and on their order', () => {
  const [one, two, start] = [readHash(event), readHash({ ...event, id: 'x' }), Buffer.alloc(32)];
  const chains = [chainHash(start, [one, two]), chainHash(start, [two, one]), chainHash(start, [one]), chainHash(one, [one, two]), chainHash(chainHash(start, [one]), [two])];
  expect(new Set(chains.map((chain) => chain.toString('hex'))).size).toBe(chains.length);
});

test('an event of before there were service tiers keeps the hash that it was written with', () => {
  expect(formerHash(event).toString('hex')).toBe('e18a5bea461b7e5f206e3edb88a342f2f50e6b04931d973eacc0004563f99a23');
  expect(formerHash({ ...event, serviceTier: 'flex' })).toHaveLength(0);
});
