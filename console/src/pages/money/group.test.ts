import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../api/client.ts';
import { groupBill } from './group.ts';

type Line = Schemas['Bill']['lines'][number];
const line = (project: string, key: string | null, resource: string, charge: bigint, cost: bigint | null): Line => ({
  projectId: project, projectName: `Project ${project}`, keyId: key, keyName: key === null ? null : `Key ${key}`, resource, requests: '2', quantities: { input: '10', output: '5', reasoning: '1' }, charge: charge.toString(), cost: cost?.toString() ?? null,
});
const lines = fc.array(fc.record({ p: fc.constantFrom('a', 'b'), k: fc.constantFrom(null, 'x', 'y'), r: fc.constantFrom('m1', 'm2'), c: fc.bigInt({ min: 0n, max: 10n ** 30n }) }), { maxLength: 30 })
  .map((items) => items.map(({ p, k, r, c }) => line(p, k, r, c, c)));

describe('the bill by project, key and model', () => {
  it('adds up to the same total however it is grouped', () => {
    fc.assert(fc.property(lines, (all) => {
      const total = all.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
      for (const by of ['project', 'key', 'model', 'line'] as const) {
        const rows = groupBill(all, by);
        expect(rows.reduce((sum, { charge }) => sum + charge, 0n)).toBe(total);
        expect(rows.reduce((sum, { requests }) => sum + requests, 0n)).toBe(BigInt(all.length) * 2n);
      }
    }));
  });

  it('does not call an unknown cost zero', () => {
    expect(groupBill([line('a', 'x', 'm', 1n, 1n), line('a', 'x', 'm', 1n, null), line('a', 'x', 'm', 1n, 5n)], 'model')[0]?.cost).toBeNull();
  });

  it('counts reasoning as output', () => {
    expect(groupBill([line('a', null, 'm', 1n, 1n)], 'key')[0]).toMatchObject({ tokensIn: 10n, tokensOut: 6n, name: 'Console and services' });
  });
});
