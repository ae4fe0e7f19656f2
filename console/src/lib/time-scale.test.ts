import { expect, it } from 'vitest';
import { shownRange } from './range.ts';
import { seriesColours } from './series-colours.ts';

const NOW = Date.parse('2026-11-23T14:20:40Z');

it('reads the range of the address, and falls back where it is none', () => {
  expect(shownRange({}, NOW, '24h')).toEqual({ from: '2026-11-22T14:20:00.000Z', to: undefined, last: '24h', words: 'in the last 24 hours' });
  expect(shownRange({ range: 'forever' }, NOW, '7d').last).toBe('7d');
  expect(shownRange({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-03T00:00:00.000Z' }, NOW, '7d').words).toBe('from 1 Nov 2026 to 2 Nov 2026');
  expect(shownRange({ from: '2026-11-04T00:00:00.000Z', to: '2026-11-03T00:00:00.000Z' }, NOW, '7d').last).toBe('7d');
  // The bill keeps days there.
  expect(shownRange({ from: '2026-11-01', to: '2026-11-03' }, NOW, '30d').last).toBe('30d');
});

it('gives each thing a colour of its own, the same wherever it is shown with others', () => {
  const few = seriesColours(['muse-spark', 'team/fast']);
  const more = seriesColours(['muse-spark', 'team/fast', 'x', 'y', 'z', 'tandem/local']);
  expect(new Set(more.values()).size).toBe(6);
  expect(few.size).toBe(2);
  expect(seriesColours(['team/fast', 'muse-spark'])).toEqual(few);
});
