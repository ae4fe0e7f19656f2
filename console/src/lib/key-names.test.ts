import { expect, test } from 'vitest';
import { keyChoices } from './key-names.ts';

test('keys of one name are told apart by their first characters', () => {
  expect(keyChoices([{ id: '1', name: 'ci', prefix: 'tdm_a' }, { id: '2', name: 'web', prefix: 'tdm_b' }, { id: '3', name: 'ci', prefix: 'tdm_c' }])).toEqual([{ id: '1', name: 'ci (tdm_a…)', word: '1' }, { id: '2', name: 'web', word: 'web' }, { id: '3', name: 'ci (tdm_c…)', word: '3' }]);
});
