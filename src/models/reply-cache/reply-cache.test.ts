import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReplyCache } from './reply-cache.ts';

const reply = (text: string) => ({ callId: 'x', headers: {}, chunks: [text] });

it('forgets what is over time, what was used least, and what is a project\'s', () => {
  const cache = new ReplyCache({ entries: 2, characters: 1_000 });
  cache.put('a', 'one', reply('A'), 100);
  cache.put('b', 'two', reply('B'), 200);
  expect(cache.get('a', 50)!.chunks).toEqual(['A']);
  cache.put('c', 'two', reply('C'), 200);
  expect([cache.get('b', 50), cache.get('a', 50)?.chunks, cache.get('a', 100)]).toEqual([undefined, ['A'], undefined]);
  cache.drop('two');
  expect([cache.size, cache.characters]).toEqual([0, 0]);
});

it('stays within its bounds, whatever comes', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat({ max: 60 }))), (puts) => {
    const cache = new ReplyCache({ entries: 3, characters: 50 });
    for (const [place, length] of puts) {
      cache.put(place, 'p', reply('x'.repeat(length)), 1);
      expect(cache.size).toBeLessThanOrEqual(3);
      expect(cache.characters).toBeLessThanOrEqual(50);
      expect(cache.get(place, 0)?.chunks[0]?.length).toBe(length + 1 > 50 ? undefined : length);
    }
  }));
});
