import { expect, it } from 'vitest';
import { flatName, nameIn, spacedNames } from './namespaces.ts';

it('names a tool by its namespace and itself, in as many characters as other dialects take', () => {
  expect(flatName({ namespace: 'crm', name: 'find' })).toBe('crm__find');
  const long = ['a', 'b'].map((name) => flatName({ namespace: 'n'.repeat(70), name }));
  expect(new Set(long).size).toBe(2);
  for (const name of long) expect(name).toMatch(/^[\w-]{64}$/);
  expect([nameIn({ name: 'find', namespace: 'crm' }), nameIn({ name: 'find' })]).toEqual(['crm__find', 'find']);
});

it('finds back what was named so, but for a tool that has the name by itself', () => {
  const space = { type: 'namespace', name: 'crm', tools: [{ type: 'function', name: 'find' }, { type: 'custom', name: 'note' }] };
  expect([...spacedNames([space])]).toEqual([['crm__find', { namespace: 'crm', name: 'find' }], ['crm__note', { namespace: 'crm', name: 'note' }]]);
  expect([...spacedNames([space, { type: 'function', name: 'crm__find' }]).keys()]).toEqual(['crm__note']);
  expect([...spacedNames(undefined), ...spacedNames([{ type: 'namespace' }, null, 1])]).toEqual([]);
});
