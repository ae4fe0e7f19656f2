import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RECORD, readRecord, recordBound, writeRecord } from './record.ts';

const record = fc.record({ type: fc.constantFrom(RECORD.admission, RECORD.progress, RECORD.final), number: fc.nat(), payload: fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.toWellFormed()) });

test('records read back as they were written', () => {
  fc.assert(fc.property(fc.array(record, { maxLength: 20 }), (records) => {
    const buffer = Buffer.alloc(records.reduce((sum, one) => sum + recordBound(one.payload), 0));
    let end = 0;
    for (const one of records) end = writeRecord(buffer, end, one.type, one.number, one.payload);
    const back = [];
    for (let at = 0; at < end;) {
      const one = readRecord(buffer, at, end);
      if (typeof one === 'string') throw new Error(one);
      back.push({ type: one.type, number: one.number, payload: one.payload });
      at = one.end;
    }
    expect(back).toEqual(records);
  }));
});

test('a record with any changed byte is damaged or short, and a cut one is short', () => {
  fc.assert(fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ type, number, payload }, place, change) => {
    const buffer = Buffer.alloc(recordBound(payload));
    const end = writeRecord(buffer, 0, type, number, payload);
    const at = place % end;
    expect(readRecord(buffer, 0, at)).toBe('short');
    buffer[at]! ^= change;
    expect(typeof readRecord(buffer, 0, end)).toBe('string');
  }));
});
