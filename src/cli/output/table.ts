import { visible } from './text.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly align?: 'right';
}

/** Rows in aligned columns for a terminal; tab-separated, without a header, for a pipe. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], forTerminal: boolean): string {
  const cells = rows.map((row) => columns.map((column) => visible(column.value(row))));
  if (!forTerminal) return cells.map((line) => line.join('\t')).join('\n');
  const widths = columns.map((column, at) => Math.max(column.title.length, ...cells.map((line) => line[at]!.length)));
  const lineOf = (line: readonly string[]) => line
    .map((cell, at) => (columns[at]!.align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
    .join('  ').trimEnd();
  return [lineOf(columns.map((column) => column.title)), ...cells.map(lineOf)].join('\n');
}
