import { expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import { anthropicModel, anthropicModels } from './anthropic-models.ts';

const models = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, createdAtMs: Date.UTC(2026, 0, 2), ownedBy: 'gpu', contextTokens: null, maxOutputTokens: 1000 }));
const page = (query: string) => anthropicModels(models, new URLSearchParams(query));
const ids = (query: string) => page(query).data.map(({ id }) => id).join('');

test('a model has the fields of Anthropic\'s type, null where nothing is known', () => {
  expect(anthropicModel(models[0]!)).toEqual({
    type: 'model', id: 'a', display_name: 'a', created_at: '2026-01-02T00:00:00.000Z', max_input_tokens: null, max_tokens: 1000, capabilities: null, lifecycle: 'active', line: null,
    deprecated_at: null, retires_at: null,
  });
});

test('pages go forwards and backwards, and say whether there is more', () => {
  expect(page('')).toMatchObject({ has_more: false, first_id: 'a', last_id: 'e' });
  expect(page('limit=2')).toMatchObject({ has_more: true, first_id: 'a', last_id: 'b' });
  expect([ids('limit=2&after_id=b'), ids('limit=2&after_id=d'), ids('limit=2&before_id=e'), ids('limit=9&before_id=c')]).toEqual(['cd', 'e', 'cd', 'ab']);
  expect([page('limit=2&after_id=b').has_more, page('limit=2&after_id=c').has_more, page('limit=2&before_id=e').has_more, page('limit=2&before_id=c').has_more]).toEqual([true, false, true, false]);
  expect(page('after_id=e')).toEqual({ data: [], first_id: null, last_id: null, has_more: false });
});

test.each(['limit=0', 'limit=1001', 'limit=x', 'after_id=z', 'after_id=a&before_id=b'])('%s is refused by name', (query) => {
  const thrown = (() => {
    try {
      return page(query);
    } catch (error) {
      return error;
    }
  })();
  expect(isTandemError(thrown, 'invalid_request')).toBe(true);
});
