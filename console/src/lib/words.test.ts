import { expect, it } from 'vitest';
import { wordsOf } from './words.ts';

it('takes a line apart by spaces and quotes alone', () => {
  expect(wordsOf('python3 train.py')).toEqual(['python3', 'train.py']);
  expect(wordsOf(`  sh -c 'echo "$HOME"; ls'  `)).toEqual(['sh', '-c', 'echo "$HOME"; ls']);
  expect(wordsOf('say ""')).toEqual(['say', '']);
  expect(wordsOf('a"b c"d \\n $X')).toEqual(['ab cd', '\\n', '$X']);
  expect(wordsOf('')).toEqual([]);
});

it('does not guess where a quote ends', () => {
  expect([wordsOf(`say 'it`), wordsOf('"')]).toEqual([undefined, undefined]);
});
