import { expect, test } from 'vitest';
import { MemorySink } from '../testing/memory-sink.ts';
import { HeldSink } from './held-sink.ts';

test('a reply that is too large goes on where its hooks let it, marked, and stays where they do not', () => {
  for (const letsPass of [true, false]) {
    const sink = new MemorySink();
    const held = new HeldSink(sink, letsPass, 4);
    held.head(200, { a: 'b' });
    expect([held.write('1234'), sink.started]).toEqual([true, false]);
    held.write('5');
    held.write('6');
    held.end('7');
    expect([held.overflowed, held.text]).toEqual([true, '']);
    expect([sink.text, sink.ended, sink.headers]).toEqual(letsPass ? ['1234567', true, { a: 'b', 'x-tandem-annotations': '{"hook":"failed"}' }] : ['', false, {}]);
  }
});
