import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopText } from './stop-text.ts';

const run = (pieces: readonly string[], stops: readonly string[]) => {
  const watch = new StopText(stops);
  let shown = '';
  for (const piece of pieces) {
    const { text, stopped } = watch.push(piece);
    shown += text;
    if (stopped) return { shown, stopped };
  }
  return { shown: shown + watch.flush(), stopped: false };
};

test('a stop text over several pieces is never shown', () => {
  const watch = new StopText(['END']);
  expect(watch.push('the E')).toEqual({ text: 'the ', stopped: false });
  expect(watch.push('N')).toEqual({ text: '', stopped: false });
  expect(watch.met).toBeNull();
  expect(watch.push('Dless')).toEqual({ text: '', stopped: true });
  expect(watch.met).toBe('END');
});

test('what only looked like a stop text is shown', () => {
  expect(run(['an E', 'N', 'gine'], ['END'])).toEqual({ shown: 'an ENgine', stopped: false });
  expect(run(['ends with EN'], ['END'])).toEqual({ shown: 'ends with EN', stopped: false });
});

test('the earliest of several counts', () => {
  expect(run(['one two three'], ['three', 'two'])).toEqual({ shown: 'one ', stopped: true });
  const watch = new StopText(['three', 'two', 'o t']);
  watch.push('one two three');
  expect(watch.met).toBe('two');
});

test('however the text is cut, the result is that of the whole text', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  fc.assert(fc.property(fc.array(letters, { maxLength: 8 }), fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), { maxLength: 3 }), (pieces, stops) => {
    const whole = pieces.join('');
    const letterByLetter = run([...whole], stops);
    // The first moment at which some stop text is complete decides, so a longer one may begin earlier in a bigger piece.
    const ends = stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
    const result = run(pieces, stops);
    expect(result.stopped).toBe(ends.length > 0);
    expect(letterByLetter.stopped).toBe(ends.length > 0);
    if (ends.length === 0) expect(result.shown).toBe(whole);
    expect(whole.startsWith(result.shown)).toBe(true);
    for (const stop of stops) expect(result.shown.includes(stop)).toBe(false);
  }));
});
