import { expect, test } from 'vitest';
import { keptAnnotations } from './kept.ts';

test('labels are kept; of what could repeat a prompt, the name alone', () => {
  expect(keptAnnotations({ class: 'public', score: '0.93', 'rule.id': 'dlp/7:eu-west', said: 'my number is 555', mail: 'ada@example.org', empty: '', long: 'a'.repeat(65) }))
    .toEqual({ class: 'public', score: '0.93', 'rule.id': 'dlp/7:eu-west', said: null, mail: null, empty: null, long: null });
});
