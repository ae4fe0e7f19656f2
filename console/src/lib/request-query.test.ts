import { expect, it } from 'vitest';
import { queryOptions, readRequestQuery } from './request-query.ts';

it('reads ids in any form, and words with values', () => {
  expect(readRequestQuery(' chatcmpl-0192f0c1-7a00-7000-8000-000000000001').query).toEqual({ id: '0192f0c1-7a00-7000-8000-000000000001' });
  expect(readRequestQuery('code:budget_exceeded min:5s user:"Ada L" status:429')).toEqual({ query: { code: 'budget_exceeded', minMs: 5_000, user: 'Ada L', status: 429 }, problem: undefined });
  expect(readRequestQuery('user:').problem).toBeUndefined();
});

it('says what it does not understand, and keeps the rest', () => {
  const { query, problem } = readRequestQuery('slow tag:a status:9 min:soon');
  expect(query).toEqual({ tag: 'a' });
  expect(problem).toMatch(/^Not understood: slow status:9 min:soon\. /);
});

it('is an option of the CLI, word for word', () => {
  expect(queryOptions({ backendId: 'b', minMs: 5, code: 'c' })).toEqual({ code: 'c', backend: 'b', status: undefined, 'min-ms': '5' });
});
