import { expect, test } from 'vitest';
import type { Device } from './devices.ts';
import { Resets } from './resets.ts';

const CARD: Device = { unit: 'gpu-0', vendor: 'amd', uuid: 'amd-0x1', mig: null };

test('no lease with cards begins while cards are reset, and a reset sees those that began before', async () => {
  const resets = new Resets();
  const begun: Device[] = [];
  const begin = (card: Device): void => {
    resets.mayBegin([card]);
    begun.push(card);
  };
  begin(CARD);
  const seen = await resets.during(() => [...begun], async (others) => {
    expect(() => begin({ ...CARD, uuid: 'amd-0x2' })).toThrow('is being reset');
    resets.mayBegin([]);
    await expect(resets.during(() => [], async () => { throw new Error('it hangs'); })).rejects.toThrow('it hangs');
    expect(() => begin(CARD)).toThrow('is being reset');
    return others;
  });
  expect(seen).toEqual([CARD]);
  begin({ ...CARD, uuid: 'amd-0x2' });
  expect(begun).toHaveLength(2);
});
