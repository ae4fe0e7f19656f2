import fc from 'fast-check';
import { expect, test } from 'vitest';
import { table } from './table.ts';
import { visibleLines, widthOf } from './text.ts';

interface Row { readonly name: string; readonly url: string; readonly sum: string; readonly id: string }
const columns = [
  { title: 'NAME', value: (row: Row) => row.name }, { title: 'URL', value: (row: Row) => row.url },
  { title: 'SUM', align: 'right' as const, value: (row: Row) => row.sum }, { title: 'ID', value: (row: Row) => row.id },
];
const row = { name: 'a', url: 'https://hooks.example.com/a/long/path/to/check', sum: '12.50', id: '0192f0c1-0000-7000-8000-000000000001' };
const at = (width: number) => ({ isTTY: true, columns: width });

test('the longest texts are cut first, figures and ids never', () => {
  expect(table([row], columns, at(70))).toBe([
    'NAME  URL                    SUM  ID',
    'a     https://hooks.exam…  12.50  0192f0c1-0000-7000-8000-000000000001',
  ].join('\n'));
});

test('a time keeps its minutes', () => {
  const timed = [{ ...row, url: '2026-11-23 07:21 UTC' }];
  expect(table(timed, columns, at(67)).split('\n')[1]).toBe('a     2026-11-23 07:21  12.50  0192f0c1-0000-7000-8000-000000000001');
  expect(table(timed, columns, at(26)).split('\n')[1]).toBe('URL   2026-11-23 07:21 UTC');
});

test('a column that says nothing in any row goes before a text is cut', () => {
  expect(table([{ ...row, sum: '-' }], columns, at(90)).split('\n')[0]).toBe(`NAME  ${'URL'.padEnd(row.url.length)}  ID`);
  expect(table([{ ...row, name: '-', url: '', sum: '-', id: '-' }], columns, at(10))).toBe('NAME  -\nURL\nSUM   -\nID    -');
});

test('where only the ids are too long, they stand on lines of their own', () => {
  expect(table([row, { ...row, name: 'b' }], columns, at(50))).toBe([
    'NAME  URL                                      SUM',
    ...['a', 'b'].flatMap((name) => [`${name}     https://hooks.example.com/a/long/pat…  12.50`, `  ${row.id}`]),
  ].join('\n'));
});

test('where the columns do not fit side by side, each row is a block, whole', () => {
  expect(table([row, { ...row, name: 'b' }], columns, at(26))).toBe(['a', 'b'].map((name) => `NAME  ${name}\nURL   ${row.url}\nSUM   12.50\nID    ${row.id}`).join('\n\n'));
});

test('a figure in words is never cut, and what is spare goes before rows become blocks', () => {
  const some = [{ title: 'NAME', value: (one: Row) => one.name }, { title: 'OF', value: (one: Row) => one.url, keep: 'whole' as const }, { title: 'SUM', align: 'right' as const, value: (one: Row) => one.sum }];
  const budget = { ...row, name: 'nightly-evals of the app', url: '$0.10 of $25.00 a month' };
  expect(table([budget], some, at(48)).split('\n')[1]).toBe('nightly-evals o…  $0.10 of $25.00 a month  12.50');
  const spare = [{ ...some[0]!, keep: 'spare' as const }, some[1]!, some[2]!];
  expect(table([budget], spare, at(36))).toBe('OF                         SUM\n$0.10 of $25.00 a month  12.50');
  expect(table([budget], [...spare, columns[3]!], at(44))).toBe(`NAME          OF                         SUM\nnightly-eva…  $0.10 of $25.00 a month  12.50\n  ${row.id}`);
});

test('a pipe gets everything, whatever the width', () => {
  expect(table([row], columns, { isTTY: false, columns: 10 })).toBe(Object.values(row).join('\t'));
});

test('no line of a table is wider than its terminal, whatever names hold, and nothing in it steers one', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom('価格は一億円です。'.repeat(4), '\u001b[31mred\u001b[0m', 'a\u202eb', '\u009b2J', '👩‍👩‍👧‍👦'.repeat(9)));
  fc.assert(fc.property(fc.array(fc.record({ name: text, url: text, sum: fc.bigInt().map(String), id: fc.constant(row.id) }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 20, max: 200 }), (rows, width) => {
    const made = table(rows, columns, at(width));
    expect(made).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    if (!made.startsWith('NAME  ') || !/^NAME +URL/.test(made)) return;
    for (const line of made.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }));
});

test('what is printed keeps its lines and tabs, and no other control', () => {
  expect(visibleLines('a\u001b[2Jb\tc\nd\re\u009bf')).toBe('a [2Jb\tc\nd e f');
});
