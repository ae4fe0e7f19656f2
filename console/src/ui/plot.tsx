import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count, dayText, plural } from '../lib/format.ts';
import { currencySign, exactMoney, shortMoney, widestFraction } from '../lib/money.ts';
import { useTheme } from '../lib/theme.ts';
import { useUrlState } from '../lib/url.ts';
import { ColumnMoney } from './amount.tsx';
import { Choice } from './tabs.tsx';
import { Table } from './table.tsx';

interface Day {
  readonly day: string;
  readonly spend: string;
  readonly requests: string;
}

const PICO = 1e12;
const pad = (day: number): string => String(day).padStart(2, '0');
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
      { id: 'spend', header: 'Charged', unit: currency, numeric: true, narrow: 'side', cell: ({ spend }) => <ColumnMoney pico={spend} decimals={decimals} currency={currency} /> },
    ]} />
  );
}

function Bars({ month, daily, currency }: { month: string; daily: readonly Day[]; currency: string }) {
  const place = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<number>();
  const [{ from, to }, setUrl] = useUrlState();
  const first = from?.startsWith(month) ? Number(from.slice(8)) : 1;
  const last = to?.startsWith(month) ? Number(to.slice(8)) : undefined;
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
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: false, range: [first - 0.7, (last ?? days.length) + 0.7] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, splits: () => days.map((_, index) => index + 1).filter((day) => day === 1 || day % 5 === 0), values: (_, splits) => splits.map(String) },
        { ...axis, size: (_, values) => 14 + 7 * Math.max(1, ...(values ?? []).map((text) => text.length)), values: (_, splits) => splits.map((value) => axisText(value, currency)) },
      ],
      series: [{}, { fill: colour('--plot-1'), stroke: colour('--plot-1'), width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }],
      hooks: {
        setCursor: [({ cursor }) => setOver(typeof cursor.idx === 'number' ? cursor.idx : undefined)],
        // A drag over days shows only them; the range stands in the address.
        setSelect: [(chart) => {
          if (chart.select.width < 8) return;
          const day = (left: number): number => Math.min(days.length, Math.max(1, Math.round(chart.posToVal(left, 'x'))));
          setUrl({ from: `${month}-${pad(day(chart.select.left))}`, to: `${month}-${pad(day(chart.select.left + chart.select.width))}` });
        }],
      },
    }, [days.map((_, index) => index + 1), heights], host);
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [days, currency, seen, month, first, last, setUrl]);

  const day = over === undefined ? undefined : days[over];
  return (
    <figure className="plot">
      <div ref={place} className="plot-place" role="img" aria-label={`Bars of the spend of each day of ${month}. The same as a table: choose Table.`} />
      <figcaption className="small muted">{day ? `${dayText(day.day)}: ${exactMoney(day.spend, currency)} for ${plural(day.requests, 'request')}` : `${currency} a day, days of the month in UTC. Drag over days to look closer.`}
        {last === undefined ? null : <> <button type="button" className="link-button" onClick={() => setUrl({ from: undefined, to: undefined })}>Show the whole month</button></>}</figcaption>
    </figure>
  );
}

/** The axis' round numbers, without float noise. */
function axisText(value: number, currency: string): string {
  return value === 0 ? '0' : shortMoney(BigInt(Math.round(value * PICO)), currency).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') || currencySign(currency);
}
