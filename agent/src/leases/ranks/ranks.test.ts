import { expect, it } from 'vitest';
import { rankAddress, rankAt, rankHosts, readRanks } from './addresses.ts';

it('each rank has an address of its own, the same at all machines', () => {
  const all = Array.from({ length: 256 }, (_, rank) => rankAddress(rank));
  expect(new Set(all).size).toBe(256);
  for (const [rank, address] of all.entries()) expect([rankAt(address, { rank: 0, size: 256 }), rankAt(`::ffff:${address}`, { rank: 0, size: 256 })]).toEqual([rank, rank]);
  for (const other of ['100.126.0.3', '100.126.0.0', '100.126.0.255', '100.126.1.250', '127.0.0.1', '10.0.0.1', '', undefined]) expect(rankAt(other, { rank: 0, size: 2 })).toBeUndefined();
  expect(rankHosts({ rank: 1, size: 2 })).toBe('100.126.0.1 rank-0\n100.126.0.2 rank-1\n');
});

it('a grant says which of how many it is, or nothing', () => {
  expect([readRanks(undefined), readRanks(null), readRanks({ rank: 1, size: 2 })]).toEqual([null, null, { rank: 1, size: 2 }]);
  for (const wrong of [[], 'x', {}, { rank: 2, size: 2 }, { rank: -1, size: 2 }, { rank: 0, size: 1 }, { rank: 0, size: 257 }, { rank: '0', size: 2 }]) expect(() => readRanks(wrong), JSON.stringify(wrong)).toThrow();
});
