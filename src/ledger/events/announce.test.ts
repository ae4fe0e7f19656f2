import fc from 'fast-check';
import { expect, test } from 'vitest';
import { payloadOf } from './announce.ts';

test('each organisation is named once, and a payload always fits into a notification', () => {
  fc.assert(fc.property(fc.array(fc.uuid(), { minLength: 1, maxLength: 600 }), (ids) => {
    const payload = payloadOf([...ids, ...ids].map((organisationId) => ({ organisationId })));
    expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
    const named = new Set(ids).size <= 200 ? [...new Set(ids)] : ['all'];
    expect(payload.split(',')).toEqual(named);
  }));
});
