import type { Writer } from '../context.ts';
import { cutTo, visible, widthOf } from './text.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
}

const GAP = 2;
/** A column is cut to so much at least; figures and ids, which mean nothing when cut, are never, and times to their minutes. */
const LEAST = 12;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/;
const TO_MINUTES = '2026-11-23 07:21'.length;

/** Where the table goes: what it asks of a terminal. */
export type Place = Pick<Writer, 'isTTY' | 'columns'>;

/**
 * Rows in aligned columns for a terminal, never wider than it: long texts are cut, and where that is not enough each row
 * stands as a block of its own. Tab-separated, whole and without a header for a pipe.
 */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], place: Place): string {
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  if (place.isTTY !== true) return cells.map((line) => line.join('\t')).join('\n');
  const widths = fit(columns, cells, place.columns ?? Number.POSITIVE_INFINITY);
  if (widths === undefined) return cells.map((line) => block(columns, line)).join('\n\n');
  const lineOf = (line: readonly string[]) => line.map((cell, at) => {
    const text = TIME.test(cell) && widths[at]! >= TO_MINUTES ? cell.slice(0, widths[at]! < cell.length ? TO_MINUTES : undefined) : cutTo(cell, widths[at]!);
    const pad = ' '.repeat(Math.max(0, widths[at]! - widthOf(text)));
    return columns[at]!.align === 'right' ? `${pad}${text}` : `${text}${pad}`;
  }).join(' '.repeat(GAP)).trimEnd();
  return [lineOf(columns.map((column) => column.title)), ...cells.map(lineOf)].join('\n');
}

/** How wide each column may be; undefined where they do not fit side by side. */
function fit<T>(columns: readonly Column<T>[], cells: readonly (readonly string[])[], most: number): number[] | undefined {
  const widths = columns.map((column, at) => cells.reduce((widest, line) => Math.max(widest, widthOf(line[at]!)), widthOf(column.title)));
  const least = columns.map((column, at) => {
    if (column.align === 'right' || column.title === 'ID') return widths[at]!;
    return Math.min(widths[at]!, Math.max(cells.some((line) => TIME.test(line[at]!)) ? TO_MINUTES : LEAST, widthOf(column.title)));
  });
  let over = widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1)) - most;
  while (over > 0) {
    // The widest that may give way does, down to the next widest or as far as is needed.
    const free = widths.map((width, at) => (width > least[at]! ? width : 0));
    const widest = Math.max(...free);
    if (widest === 0) return undefined;
    const at = free.indexOf(widest);
    const next = Math.max(least[at]!, ...free.filter((width) => width < widest));
    const cut = Math.min(over, Math.max(1, widest - next));
    widths[at]! -= cut;
    over -= cut;
  }
  return widths;
}

function block<T>(columns: readonly Column<T>[], line: readonly string[]): string {
  const titles = Math.max(...columns.map(({ title }) => title.length));
  return columns.map(({ title }, at) => `${title.padEnd(titles + GAP)}${line[at]!}`.trimEnd()).join('\n');
}
