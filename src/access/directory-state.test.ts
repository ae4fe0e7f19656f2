import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DirectoryState, type KnownKey } from './directory-state.ts';

const NOW = 1_000;
const key = (id: string, more: Partial<KnownKey> = {}): KnownKey => ({
  id, organisationId: 'acme', projectId: null, name: 'ci', prefix: `tdm_${id}`, hash: id, role: 'developer', ownerKind: 'member', ownerId: 'ada', models: null, expiresAtMs: null, revoked: false, replaced: false, cacheSeconds: null, ...more,
});

function named(...keys: KnownKey[]): (string | null)[] {
  const state = new DirectoryState();
  for (const one of keys) state.putKey(one);
  return [...new Set(keys.map(({ id }) => id))].map((id) => state.keyName(id, NOW));
}

test('a key goes by its name alone for as long as no other has it', () => {
  expect(named(key('1'), key('2', { name: 'web' }), key('3', { organisationId: 'other' }))).toEqual(['ci', 'web', 'ci']);
  expect(named(key('1'), key('2'))).toEqual(['ci (tdm_1…)', 'ci (tdm_2…)']);
  expect(named(key('1'), key('2'), key('2', { name: 'web' }))).toEqual(['ci', 'web']);
  expect(new DirectoryState().keyName('1', NOW)).toBeNull();
});

test.each([{ revoked: true }, { replaced: true }, { expiresAtMs: NOW }])('of those with one name, the only one that works goes by it: the other is %o', (over) => {
  expect(named(key('1', over), key('2'))).toEqual(['ci (tdm_1…)', 'ci']);
});

test('no two keys of an organisation are called the same, whatever they were named, renamed and ended', () => {
  const change = fc.record({
    id: fc.constantFrom('1', '2', '3', '4', '5'), name: fc.constantFrom('ci', 'web'), revoked: fc.boolean(), replaced: fc.boolean(), expiresAtMs: fc.constantFrom(null, NOW - 1, NOW + 1), organisationId: fc.constant('acme'),
  });
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
    const words = named(...changes.map(({ id, ...more }) => key(id, more)));
    expect(new Set(words).size).toBe(words.length);
  }));
});
