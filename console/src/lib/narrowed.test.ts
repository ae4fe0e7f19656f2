import { expect, it } from 'vitest';
import { narrow, readNarrowed, writeNarrowed } from './narrowed.ts';

it('keeps any value in the address', () => {
  const all = [['model', 'team/fast'], ['user', 'a:b, 100 %']] as const;
  expect(readNarrowed(writeNarrowed(all))).toEqual(all);
  expect(readNarrowed('model,:x,user:%zz,tag:a')).toEqual([['tag', 'a']]);
  expect(readNarrowed(undefined)).toEqual([]);
});

it('has one value for a dimension', () => {
  expect(narrow([['model', 'a'], ['key', 'k']], 'model', 'b')).toEqual([['key', 'k'], ['model', 'b']]);
  expect(narrow([['model', 'a']], 'model', undefined)).toEqual([]);
});
