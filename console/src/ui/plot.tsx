import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dayText, plural } from '../lib/format.ts';
import { count } from '../lib/format.ts';
import { currencySign, exactMoney, shortMoney, widestFraction } from '../lib/money.ts';
import { useTheme } from '../lib/theme.ts';
import { ColumnMoney } from './amount.tsx';
import { Choice } from './tabs.tsx';
import { Table } from './table.tsx';

interface Day {
  readonly day: string;
  readonly spend: string;
  readonly requests: string;
}

const PICO = 1e12;
const HEIGHT = 200;

/** Spend of each day of a month as bars that stand on zero, with the table behind them. Days to come are left empty. */
export function DailyPlot({ month, daily, currency }: { month: string; daily: readonly Day[]; currency: string }) {
  const [view, setView] = useState('bars');
  return (
    <div>
      <div className="plot-tools"><Choice label="Show the days as" value={view} options={[['bars', 'Plot'], ['table', 'Table']]} onChange={setView} /></div>
      {view === 'bars' ? <Bars month={month} daily={daily} currency={currency} /> : <DayTable daily={daily} currency={currency} />}
    </div>
  );
}

function DayTable({ daily, currency }: { daily: readonly Day[]; currency: string }) {
  const decimals = useMemo(() => widestFraction(daily.map(({ spend }) => spend)), [daily]);
  return (
    <Table label="Spend by day" rows={daily} rowKey={({ day }) => day} columns={[
      { id: 'day', header: 'Day', narrow: 'title', cell: ({ day }) => dayText(day) },
      { id: 'requests', header: 'Requests', numeric: true, cell: ({ requests }) => <span className="num">{count(requests)}</span> },
      { id: 'spend', header: 'Charged', unit: currency, numeric: true, narrow: 'side', cell: ({ spend }) => <ColumnMoney pico={spend} decimals={decimals} /> },
    ]} />
  );
}

function Bars({ month, daily, currency }: { month: string; daily: readonly Day[]; currency: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<number>();
  const { seen } = useTheme();
  const days = useMemo(() => {
    const [year, number] = month.split('-').map(Number);
    const length = new Date(Date.UTC(year ?? 1970, number ?? 1, 0)).getUTCDate();
    const known = new Map(daily.map((day) => [Number(day.day.slice(8, 10)), day]));
    return Array.from({ length }, (_, index) => known.get(index + 1));
  }, [month, daily]);

  useEffect(() => {
    const host = place.current;
    if (!host) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const font = `12px ${style.getPropertyValue('--sans')}`;
    // Floats only place pixels; every amount that is read comes from the exact string.
    const heights = days.map((day) => (day ? Number(BigInt(day.spend)) / PICO : null));
    const bars = uPlot.paths.bars?.({ size: [0.66, 40], radius: 0.08 });
    const axis = { stroke: colour('--text-3'), font, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    const plot = new uPlot({
      width: host.clientWidth, height: HEIGHT, padding: [12, 4, 0, 0], legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [0.3, days.length + 0.7] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, splits: () => days.map((_, index) => index + 1).filter((day) => day === 1 || day % 5 === 0), values: (_, splits) => splits.map(String) },
        { ...axis, size: 72, values: (_, splits) => splits.map((value) => axisText(value, currency)) },
      ],
      series: [{}, { fill: colour('--plot-1'), stroke: colour('--plot-1'), width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }],
      hooks: { setCursor: [({ cursor }) => setOver(typeof cursor.idx === 'number' ? cursor.idx : undefined)] },
    }, [days.map((_, index) => index + 1), heights], host);
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [days, currency, seen]);

  const day = over === undefined ? undefined : days[over];
  return (
    <figure className="plot">
      <div ref={place} className="plot-place" role="img" aria-label={`Bars of the spend of each day of ${month}. The same as a table: choose Table.`} />
      <figcaption className="small muted">{day ? `${dayText(day.day)}: ${exactMoney(day.spend, currency)} for ${plural(day.requests, 'request')}` : `${currency} a day, days of the month in UTC`}</figcaption>
    </figure>
  );
}

/** The axis' round numbers, without float noise. */
function axisText(value: number, currency: string): string {
  return value === 0 ? '0' : shortMoney(BigInt(Math.round(value * PICO)), currency).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') || currencySign(currency);
}
