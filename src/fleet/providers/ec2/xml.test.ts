import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { find, items, readXml, textAt } from './xml.ts';

describe('the XML of EC2', () => {
  it('is read as elements and texts', () => {
    const root = readXml('<?xml version="1.0"?>\n<R xmlns="http://x/"><set><item><a>1 &lt; 2 &#x41;</a></item><item/></set><b/></R>');
    expect(textAt(root, 'set', 'item', 'a')).toBe('1 < 2 A');
    expect(items(root, 'set')).toHaveLength(2);
    expect(find(root, 'c')).toBeUndefined();
    expect(textAt(root, 'b')).toBe('');
  });

  it.each(['', 'text', '<a>', '<a><b></a></b>', '</a>', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', '<a>&x;</a>', '<!-- --><a/>', '<a><![CDATA[x]]></a>', `${'<a>'.repeat(100)}${'</a>'.repeat(100)}`])('refuses %s', (text) => {
    expect(() => readXml(text)).toThrow(/it/);
  });

  it('ends on any text, and on every beginning of a whole one with an error', () => {
    const whole = '<R><hostSet><item><hostId>h-1</hostId><state>available</state></item></hostSet></R>';
    fc.assert(fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
      expect(() => readXml(whole.slice(0, length))).toThrow();
    }));
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', '&', ';', '#', ' ', '?', '"') }), (text) => {
      try {
        readXml(text);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }));
  });
});
