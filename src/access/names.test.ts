import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldEmail, foldName, slugOf } from './names.ts';

describe('names', () => {
  it('that read alike are one', () => {
    const production = foldName('Production');
    for (const alike of ['production', ' PRODUCTION ', 'рrоduсtiоn', 'ｐｒｏｄｕｃｔｉｏｎ', 'produc\u200btion', 'prοduction']) expect(foldName(alike)).toBe(production);
    expect(foldName('cafe\u0301')).toBe(foldName('café'));
    expect(foldName('производство')).not.toBe(production);
  });

  it('fold to themselves', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      expect(foldName(foldName(name))).toBe(foldName(name));
    }));
  });

  it('give slugs of ASCII words, or the fallback', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (name) => {
      expect(slugOf(name, 'project')).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    }));
    expect(slugOf('Ünïcode  App 2', 'project')).toBe('unicode-app-2');
    expect(slugOf('项目', 'project')).toBe('project');
  });

  it('of mailboxes are compared in lower case', () => {
    expect(foldEmail(' Ann@Example.COM ')).toBe('ann@example.com');
  });
});
