import { expect, it } from 'vitest';
import { byNumber, byText } from './order.ts';

it('orders names with numbers as people do', () => {
  expect(['gpu-10', 'Ann', 'gpu-2', 'ben'].sort(byText((name) => name))).toEqual(['Ann', 'ben', 'gpu-2', 'gpu-10']);
});

it('orders numbers of any size, unknown ones first', () => {
  expect(['90071992547409930', null, '90071992547409929', '3'].sort(byNumber((value) => value))).toEqual([null, '3', '90071992547409929', '90071992547409930']);
});
