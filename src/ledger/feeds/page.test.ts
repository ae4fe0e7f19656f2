import fc from 'fast-check';
import { expect, test } from 'vitest';
import { marksAfter, takePage, type Placed } from './page.ts';

const logs = fc.array(fc.array(fc.nat(20), { maxLength: 30 }), { minLength: 1, maxLength: 4 });
const placed = (times: readonly number[], log: number): Placed[] => times.map((recordedAtMs, at) => ({ epochId: `log ${log}`, sequence: BigInt(at + 1), recordedAtMs }));

test('page after page, whatever the clocks say, every event of every log comes once and in the order of its log', () => {
  fc.assert(fc.property(logs, fc.integer({ min: 1, max: 7 }), (all, most) => {
    const everything = all.flatMap((times, log) => placed(times, log));
    const marks = new Map<string, bigint>();
    const sent: Placed[] = [];
    for (let round = 0; round < 200; round += 1) {
      // Read as the pump does: of each log what follows its mark, at most one page.
      const ahead = all.map((times, log) => ({ epochId: `log ${log}`, mark: marks.get(`log ${log}`) ?? 0n, end: BigInt(times.length) }));
      const read = ahead.flatMap(({ epochId, mark }) => everything.filter((one) => one.epochId === epochId && one.sequence > mark).slice(0, most));
      const page = takePage(read, most);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(most);
      sent.push(...page);
      for (const { epochId, after } of marksAfter(ahead, read, page, most)) marks.set(epochId, after);
    }
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent).toHaveLength(everything.length);
    for (const [log, times] of all.entries()) expect(sent.filter((one) => one.epochId === `log ${log}`).map((one) => one.sequence)).toEqual(times.map((_, at) => BigInt(at + 1)));
  }));
});

test('a log in which an organisation has nothing is looked through once', () => {
  expect(marksAfter([{ epochId: 'a', mark: 0n, end: 900n }], [], [], 100)).toEqual([{ epochId: 'a', after: 900n }]);
});
