import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GENESIS, auditHash, storableChange, type AuditContent } from './audit-hash.ts';
import { canonicalJson } from './canonical.ts';

const content: AuditContent = {
  organisationId: '0197a000-0000-7000-8000-000000000001', sequence: 1, id: '0197a000-0000-7000-8000-000000000002', at: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'member', id: null, label: 'ann@example.com' }, action: 'key.create', resourceKind: 'key', resourceId: 'k', change: { b: 1, a: { d: 2, c: [3] } },
};

describe('an audit entry\'s hash', () => {
  it('does not depend on the order of fields', () => {
    expect(auditHash({ ...content, change: { a: { c: [3], d: 2 }, b: 1 } }, GENESIS)).toEqual(auditHash(content, GENESIS));
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      expect(canonicalJson(Object.fromEntries(Object.entries(value).reverse()))).toBe(canonicalJson(value));
    }));
  });

  it('depends on every field and on the entry before', () => {
    const other: Partial<AuditContent>[] = [
      { organisationId: 'x' }, { sequence: 2 }, { id: 'x' }, { at: 'x' }, { actor: { ...content.actor, label: 'x' } }, { actor: { ...content.actor, kind: 'key' } },
      { action: 'x' }, { resourceKind: 'x' }, { resourceId: null }, { change: {} },
    ];
    const hashes = new Set(other.map((part) => auditHash({ ...content, ...part }, GENESIS).toString('hex')));
    hashes.add(auditHash(content, GENESIS).toString('hex'));
    hashes.add(auditHash(content, Buffer.alloc(32, 1)).toString('hex'));
    expect(hashes.size).toBe(other.length + 2);
  });

  it('is over what the database gives back unaltered', () => {
    const odd = { text: 'a\u0000b\ud800', big: 10n ** 30n, half: 0.5, long: 'x'.repeat(600), gone: undefined };
    expect(storableChange(odd)).toEqual({ text: 'a b\ufffd', big: '1000000000000000000000000000000', half: '0.5', long: `${'x'.repeat(497)}...` });
  });
});
