import { expect, it } from 'vitest';
import { routes } from '../contract/index.ts';
import { methodsAt } from './methods.ts';

it('knows which methods a path has', () => {
  const methods = methodsAt(Object.values(routes));
  expect(methods('/api/keys')).toEqual(['GET', 'POST']);
  expect(methods('/api/keys/01900000-0000-7000-8000-000000000001')).toEqual(['DELETE', 'GET', 'PATCH']);
  expect(methods('/api/models/tandem/local')).toEqual(['DELETE', 'GET', 'PATCH']);
  expect(methods('/api/nothing')).toEqual([]);
  expect(methods('/api/keys/')).toEqual([]);
});
