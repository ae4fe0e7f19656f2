import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CastFault, readCast } from './cast.ts';

const header = JSON.stringify({ version: 2, width: 80, height: 24 });
const of = (...lines: (string | object)[]): Buffer => Buffer.from(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));

it('reads what was recorded: its size and how long it is', async () => {
  expect(await readCast(of(header, [0.1, 'o', '\u001b[2J$ '], [1, 'r', '100x30'], [2.5, 'o', 'é']))).toEqual({ columns: 80, rows: 24, seconds: 2.5 });
});

it.each([
  ['is empty', of(''), /empty/], ['is no JSON', of(header, '{'), /line 2 is not JSON/], ['is of another version', of({ version: 3, width: 80, height: 24 }), /version 2/],
  ['has no size', of({ version: 2, width: 1e9, height: 24 }), /size/], ['has no header', of([1, 'o', 'x']), /version 2/], ['goes back in time', of(header, [2, 'o', 'x'], [1, 'o', 'y']), /time of line 3/],
  ['has a time that is none', of(header, '[1e400, "o", "x"]'), /line 2/], ['has an event of another kind', of(header, [1, 'eval', 'x']), /no event/], ['has an event without text', of(header, [1, 'o', { toString: 1 }]), /no event/],
  ['has a line without end', of(header, [1, 'o', 'A'.repeat(600_000)]), /longer than/], ['has lines without end', Buffer.from(`${header}\n${'[0,"o",""]\n'.repeat(500_001)}`), /more than 500000 lines/],
  ['is huge', Buffer.alloc(17 * 1024 * 1024), /more than 16777216 bytes/], ['is null', of('null'), /version 2/],
])('refuses what %s', async (_what, bytes, why) => {
  await expect(readCast(bytes)).rejects.toThrow(why);
});

it('ends for anything within its bounds by facts or a fault', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.json(), fc.string())), async (lines) => {
    const read = await readCast(of(header, ...lines)).catch((error: unknown) => error);
    if (!(read instanceof CastFault)) expect(read).toMatchObject({ columns: 80, rows: 24 });
  }));
});
