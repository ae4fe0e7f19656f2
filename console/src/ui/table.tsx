import { Link } from '@tanstack/react-router';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { ReactNode, RefObject } from 'react';

export interface Column<T> {
  readonly id: string;
  readonly header: string;
  /** The unit, once, in the header. */
  readonly unit?: string;
  readonly cell: (row: T) => ReactNode;
  readonly numeric?: boolean;
  /** Orders two rows ascending; without it the column does not sort. */
  readonly compare?: (a: T, b: T) => number;
  /** Where the cell stands when a row becomes two lines on a narrow screen. */
  readonly narrow?: 'title' | 'side' | 'sub' | 'hidden';
  readonly width?: string;
}

interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  /** Where a row leads: its first cell becomes the link, the whole row its target. */
  readonly rowTo?: (row: T) => string;
  readonly onRow?: (row: T) => void;
  /** A column's id, with "-" before it for descending order. Without `onSort` the table keeps its order itself, not the address. */
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
  readonly footer?: ReactNode;
}

const NARROW = '(max-width: 720px)';
const narrowScreen = matchMedia(NARROW);
const useNarrow = (): boolean => useSyncExternalStore((watcher) => {
  narrowScreen.addEventListener('change', watcher);
  return () => narrowScreen.removeEventListener('change', watcher);
}, () => narrowScreen.matches);

/** Row heights of parts.css, in pixels: what is not on the screen is only as tall as this. */
const ROW = { wide: 36, narrow: 60 } as const;
/** Below this many rows all of them are drawn. */
const WINDOWED_FROM = 120;
const SPARE = 14;

export function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], sort: string | undefined): readonly T[] {
  if (sort === undefined) return rows;
  const down = sort.startsWith('-');
  const compare = columns.find(({ id }) => id === sort.replace(/^-/, ''))?.compare;
  if (!compare) return rows;
  return [...rows].sort((a, b) => (down ? compare(b, a) : compare(a, b)));
}

/** The part of `count` rows that is on the screen, with some to spare on both sides. */
function useWindow(body: RefObject<HTMLTableSectionElement | null>, count: number, height: number): readonly [number, number] {
  const all = count < WINDOWED_FROM;
  const [range, setRange] = useState<readonly [number, number]>([0, Math.min(count, 60)]);
  useLayoutEffect(() => {
    if (all) return undefined;
    let frame = 0;
    const measure = (): void => {
      frame = 0;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / height) - SPARE);
      const last = Math.min(count, first + Math.ceil(innerHeight / height) + 2 * SPARE);
      setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    const later = (): void => {
      frame ||= requestAnimationFrame(measure);
    };
    measure();
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('scroll', later);
      removeEventListener('resize', later);
    };
  }, [all, body, count, height]);
  return all ? [0, count] : [Math.min(range[0], count), Math.min(range[1], count)];
}

export function Table<T>({ label, columns, rows, rowKey, rowTo, onRow, sort: kept, onSort, footer }: TableProps<T>) {
  const [own, setOwn] = useState<string>();
  const sort = onSort ? kept : own;
  const body = useRef<HTMLTableSectionElement>(null);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const height = useNarrow() ? ROW.narrow : ROW.wide;
  const [first, last] = useWindow(body, sorted.length, height);
  const sortedBy = sort?.replace(/^-/, '');
  return (
    <table className={rowTo || onRow ? 'table linked' : 'table'} aria-label={label} aria-rowcount={sorted.length + 1} role="table">
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <th key={column.id} role="columnheader" scope="col" className={column.numeric ? 'numeric' : undefined} style={column.width === undefined ? undefined : { width: column.width }}
              aria-sort={sortedBy === column.id ? (sort?.startsWith('-') ? 'descending' : 'ascending') : undefined}>
              {column.compare ? (
                <button type="button" className="sort" onClick={() => (onSort ?? setOwn)(nextSort(column, sort))}>
                  <HeaderText column={column} />
                  {sortedBy === column.id ? (sort?.startsWith('-') ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />) : null}
                </button>
              ) : <HeaderText column={column} />}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} role="rowgroup">
        {first > 0 ? <tr aria-hidden className="spacer" style={{ height: first * height }}><td colSpan={columns.length} /></tr> : null}
        {sorted.slice(first, last).map((row, index) => (
          <tr key={rowKey(row)} role="row" aria-rowindex={first + index + 2}>
            {columns.map((column, place) => (
              <td key={column.id} role="cell" className={[column.numeric ? 'numeric' : '', `n-${column.narrow ?? 'sub'}`].join(' ')}>
                {place === 0 ? <RowLink to={rowTo?.(row)} onOpen={onRow ? () => onRow(row) : undefined}>{column.cell(row)}</RowLink> : column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
        {last < sorted.length ? <tr aria-hidden className="spacer" style={{ height: (sorted.length - last) * height }}><td colSpan={columns.length} /></tr> : null}
      </tbody>
      {footer === undefined ? null : <tfoot role="rowgroup">{footer}</tfoot>}
    </table>
  );
}

function HeaderText<T>({ column }: { column: Column<T> }) {
  return <span>{column.header}{column.unit === undefined ? null : <span className="unit">{column.unit}</span>}</span>;
}

/** Numbers are asked for largest first, words from the start of the alphabet. */
function nextSort<T>(column: Column<T>, sort: string | undefined): string {
  if (sort === column.id) return `-${column.id}`;
  if (sort === `-${column.id}`) return column.id;
  return column.numeric ? `-${column.id}` : column.id;
}

function RowLink({ to, onOpen, children }: { to: string | undefined; onOpen: (() => void) | undefined; children: ReactNode }) {
  if (to !== undefined) return <Link to={to} className="row-link" data-row-link>{children}</Link>;
  if (onOpen) return <button type="button" className="row-link" data-row-link onClick={onOpen}>{children}</button>;
  return children;
}
