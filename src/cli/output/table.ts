import type { Writer } from '../context.ts';
import { cutTo, visible, widthOf } from './text.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
  /** `whole`: a figure in words, which is never cut. `spare`: goes before rows become blocks; its rows are told apart by others. */
  readonly keep?: 'whole' | 'spare';
}

const GAP = 2;
/** How far an id stands in on a line of its own. */
const INDENT = 2;
/** A column is cut to so much at least; figures and ids, which mean nothing when cut, are never, and times to their minutes. */
const LEAST = 12;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/;
const TO_MINUTES = '2026-11-23 07:21'.length;

/** Where the table goes: what it asks of a terminal. */
export type Place = Pick<Writer, 'isTTY' | 'columns'>;

/**
 * Rows in aligned columns for a terminal, never wider than it: columns that say nothing in any row go first, then long texts are cut, then what is
 * spare goes, then ids stand on lines of their own, and where that is not enough each row is a block. Tab-separated, whole and without a header for a pipe.
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], place: Place): string {
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  if (place.isTTY !== true) return cells.map((line) => line.join('\t')).join('\n');
  const most = place.columns ?? Number.POSITIVE_INFINITY;
  const whole = { columns, cells };
  if (widthsOf(whole).reduce(sum) <= most) return aligned(whole, widthsOf(whole));
  const said = only(whole, (at) => cells.every((line) => line.every(isNothing)) || !cells.every((line) => isNothing(line[at]!)));
  const needed = only(said, (at) => said.columns[at]!.keep !== 'spare');
  for (const grid of [said, needed]) {
    const widths = fit(grid, most);
    if (widths !== undefined) return aligned(grid, widths);
  }
  const id = said.columns.findIndex(({ title }) => title === 'ID');
  if (id !== -1 && said.columns.length > 1 && most >= INDENT + widthsOf(said)[id]!) {
    for (const grid of [said, needed]) {
      const others = only(grid, (at) => grid.columns[at]!.title !== 'ID');
      const widths = fit(others, most);
      if (widths === undefined) continue;
      const [header, ...lines] = aligned(others, widths).split('\n');
      return [header, ...lines.map((line, at) => `${line}\n${' '.repeat(INDENT)}${said.cells[at]![id]!}`)].join('\n');
    }
  }
  return cells.map((line) => block(columns, line)).join('\n\n');
}

interface Grid<T> {
  readonly columns: readonly Column<T>[];
  readonly cells: readonly (readonly string[])[];
}

function only<T>({ columns, cells }: Grid<T>, keeps: (at: number) => boolean): Grid<T> {
  return { columns: columns.filter((_, at) => keeps(at)), cells: cells.map((line) => line.filter((_, at) => keeps(at))) };
}

const isNothing = (cell: string): boolean => cell === '-' || cell === '';

const sum = (one: number, other: number): number => one + GAP + other;

function aligned<T>({ columns, cells }: Grid<T>, widths: readonly number[]): string {
  const lineOf = (line: readonly string[]) => line.map((cell, at) => {
    const text = TIME.test(cell) && widths[at]! >= TO_MINUTES ? cell.slice(0, widths[at]! < cell.length ? TO_MINUTES : undefined) : cutTo(cell, widths[at]!);
    const pad = ' '.repeat(Math.max(0, widths[at]! - widthOf(text)));
    return columns[at]!.align === 'right' ? `${pad}${text}` : `${text}${pad}`;
  }).join(' '.repeat(GAP)).trimEnd();
  return [lineOf(columns.map((column) => column.title)), ...cells.map(lineOf)].join('\n');
}

function widthsOf<T>({ columns, cells }: Grid<T>): number[] {
  return columns.map((column, at) => cells.reduce((widest, line) => Math.max(widest, widthOf(line[at]!)), widthOf(column.title)));
}

/** How wide each column may be; undefined where they do not fit side by side. */
function fit<T>({ columns, cells }: Grid<T>, most: number): number[] | undefined {
  const widths = widthsOf({ columns, cells });
  const least = columns.map((column, at) => {
    if (column.align === 'right' || column.keep === 'whole' || column.title === 'ID') return widths[at]!;
    return Math.min(widths[at]!, Math.max(cells.some((line) => TIME.test(line[at]!)) ? TO_MINUTES : LEAST, widthOf(column.title)));
  });
  let over = widths.reduce(sum) - most;
  while (over > 0) {
    // The widest that may give way does, down to the next widest or as far as is needed.
    const free = widths.map((width, at) => (width > least[at]! ? width : 0));
    const widest = Math.max(...free);
    if (widest === 0) return undefined;
    const at = free.indexOf(widest);
    const next = Math.max(least[at]!, ...free.filter((width) => width < widest));
    // A time goes to its minutes at once: what is between them and all of it would be blank.
    const cut = cells.some((line) => TIME.test(line[at]!)) ? widest - least[at]! : Math.min(over, Math.max(1, widest - next));
    widths[at]! -= cut;
    over -= cut;
  }
  return widths;
}

function block<T>(columns: readonly Column<T>[], line: readonly string[]): string {
  const titles = Math.max(...columns.map(({ title }) => title.length));
  return columns.map(({ title }, at) => `${title.padEnd(titles + GAP)}${line[at]!}`.trimEnd()).join('\n');
}
