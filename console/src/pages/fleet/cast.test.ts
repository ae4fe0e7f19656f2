import { expect, it } from 'vitest';
import { between, clockText, readCast } from './cast.ts';

const header = '{"version":2,"width":80,"height":24}';
const cast = readCast([header, '[0.5,"o","a"]', '[1,"r","100x30"]', '[1.5,"i","secret"]', '[2,"o","b"]'].join('\n'));

it('reads what is shown and how large, and leaves what was typed', () => {
  expect(cast).toEqual({ columns: 80, rows: 24, seconds: 2, events: [{ at: 0.5, text: 'a' }, { at: 1, columns: 100, rows: 30 }, { at: 2, text: 'b' }] });
});

it.each([['', /version 2/], ['{', /line 1 is not JSON/], ['{"version":3,"width":1,"height":1}', /version 2/], ['{"version":2,"width":1e9,"height":1}', /version 2/], [`${header}\n{}`, /line 2/], [`${header}\n[2,"o","x"]\n[1,"o","y"]`, /line 3/], [`${header}\n[1,"o",5]`, /line 2/]])('refuses %s', (text, why) => {
  expect(() => readCast(text)).toThrow(why);
});

it('shows what lies between two times, and begins anew to go back', () => {
  expect(between(cast, -1, 1)).toEqual({ anew: false, events: [{ at: 0.5, text: 'a' }, { at: 1, columns: 100, rows: 30 }] });
  expect(between(cast, 1, 2).events).toEqual([{ at: 2, text: 'b' }]);
  expect(between(cast, 2, 0.6)).toEqual({ anew: true, events: [{ at: 0.5, text: 'a' }] });
  expect([0, 65.9, 3_600].map(clockText)).toEqual(['0:00', '1:05', '60:00']);
});
