import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../lib/theme.ts';
import { useUrlState } from '../lib/url.ts';

export interface PlotSeries {
  readonly name: string;
  /** A colour of `tokens.css`. */
  readonly colour: string;
  /** One for each point in time; null is a gap. Floats only place pixels. */
  readonly values: readonly (number | null)[];
  readonly width?: number;
}

interface TimePlotProps {
  /** `stack`: bars of parts on top of each other, standing on zero. */
  readonly kind: 'lines' | 'stack';
  readonly label: string;
  /** ISO times, rising; each stands for what begins there and lasts for `stepMs`. */
  readonly at: readonly string[];
  readonly stepMs: number;
  readonly series: readonly PlotSeries[];
  /** What the unit is, and how a value reads on the axis. */
  readonly note: string;
  readonly axisText: (value: number) => string;
  /** What stands at a place, exactly, in words. */
  readonly read: (index: number) => string;
}

const HEIGHT = 220;
const LABELLED = 4;
/** Names of models are longer than those of percentiles: what they may take of the plot's width, in pixels, and the least width of a plot that has room for them. */
const NAMES = { most: 168, from: 560 } as const;

/** Lines or stacked bars over time. Names stand at the lines' ends where there are few; a drag zooms, and the range goes into the address. */
export function TimePlot({ kind, label, at, stepMs, series, note, axisText, read }: TimePlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<number>();
  const [{ from, to }, setUrl] = useUrlState();
  const { seen } = useTheme();
  const [wide, setWide] = useState(true);
  const direct = series.length <= LABELLED && (kind === 'lines' || (series.length > 1 && wide));
  const stacked = useMemo(() => (kind === 'lines' ? series.map(({ values }) => values) : stack(series.map(({ values }) => values))), [kind, series]);

  useEffect(() => {
    const host = place.current;
    if (!host) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const font = `12px ${style.getPropertyValue('--sans')}`;
    const axis = { stroke: colour('--text-3'), font, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    const times = at.map((one) => Date.parse(one) / 1000);
    const room = direct ? (kind === 'lines' ? 64 : Math.min(NAMES.most, 16 + Math.max(...series.map(({ name }) => textWidth(name, font))))) : 8;
    setWide(host.clientWidth >= NAMES.from);
    const half = stepMs / 2000;
    const bars = uPlot.paths.bars?.({ size: [0.72, 44], align: 0 });
    const lines = uPlot.paths.linear?.();
    // The whole stack is drawn first and its lower parts over it.
    const order = series.map((_, index) => (kind === 'stack' ? series.length - 1 - index : index));
    const plot = new uPlot({
      width: host.clientWidth, height: HEIGHT, padding: [12, room, 0, 0], legend: { show: false }, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { y: false, points: { show: kind === 'lines', size: 6 }, drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: true, range: (_, low, high) => [(low ?? 0) - (kind === 'stack' ? half : 0), (high ?? 1) + (kind === 'stack' ? half : 0)] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 72, values: (_, splits) => splits.map((seconds) => tick(seconds, stepMs)) },
        { ...axis, size: (_, values) => 14 + 7 * Math.max(1, ...(values ?? []).map((text) => text.length)), values: (_, splits) => splits.map(axisText) },
      ],
      series: [{}, ...order.map((index) => {
        const one = series[index]!;
        const stroke = colour(one.colour);
        return kind === 'stack'
          ? { stroke, fill: stroke, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }
          : { stroke, width: one.width ?? 1.5, spanGaps: false, points: { show: times.length < 3 || isolated(one.values), size: 5, fill: stroke }, ...(lines ? { paths: lines } : {}) };
      })],
      hooks: {
        setCursor: [({ cursor }) => setOver(typeof cursor.idx === 'number' ? cursor.idx : undefined)],
        setSelect: [(chart) => {
          if (chart.select.width < 8) return;
          const edge = (left: number, up: boolean): string => new Date((up ? Math.ceil : Math.floor)((chart.posToVal(left, 'x') * 1000 + (kind === 'stack' ? stepMs / 2 : 0)) / stepMs) * stepMs).toISOString();
          setUrl({ from: edge(chart.select.left, false), to: edge(chart.select.left + chart.select.width, true), range: undefined });
        }],
        draw: direct ? [(chart) => writeNames(chart, placesOf(kind, series, stacked), colour, font, room - 8)] : [],
      },
    }, [times, ...order.map((index) => [...stacked[index]!])], host);
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: host.clientWidth, height: HEIGHT });
      setWide(host.clientWidth >= NAMES.from);
    });
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [at, axisText, direct, kind, seen, series, setUrl, stacked, stepMs]);

  return (
    <figure className="plot">
      <div ref={place} className="plot-place tall" role="img" aria-label={`${label} The same as a table: choose Table.`} />
      <figcaption className="small muted">{over === undefined || at[over] === undefined ? `${note} Times in UTC. Drag to look closer.` : read(over)}
        {from === undefined && to === undefined ? null : <> <button type="button" className="link-button" onClick={() => setUrl({ from: undefined, to: undefined })}>Show the whole range</button></>}</figcaption>
      {direct || series.length < 2 ? null : <ul className="legend small">{series.map(({ name, colour }) => <li key={name}><span className="swatch" style={{ background: `var(${colour})` }} aria-hidden />{name}</li>)}</ul>}
    </figure>
  );
}

/** Each part with everything below it. */
function stack(parts: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const sums: number[] = [];
  return parts.map((values) => values.map((value, index) => (sums[index] = (sums[index] ?? 0) + (value ?? 0))));
}

/** A value between two gaps has no line to show it. */
function isolated(values: readonly (number | null)[]): boolean {
  return values.some((value, index) => value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null);
}

function tick(seconds: number, stepMs: number): string {
  const iso = new Date(seconds * 1000).toISOString();
  if (stepMs >= 86_400_000 || iso.slice(11, 16) === '00:00') return `${Number(iso.slice(8, 10))} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][Number(iso.slice(5, 7)) - 1]}`;
  return iso.slice(11, 16);
}

interface NamePlace {
  readonly one: PlotSeries;
  readonly value: number;
}

/** At which height a series ends: a line at its last value, a part of a stack in its middle there. */
function placesOf(kind: 'lines' | 'stack', series: readonly PlotSeries[], stacked: readonly (readonly (number | null)[])[]): NamePlace[] {
  return series.flatMap((one, index) => {
    const at = stacked[index]!.findLastIndex((value) => value !== null);
    const top = stacked[index]![at];
    return top === undefined || top === null ? [] : [{ one, value: kind === 'lines' ? top : top - (one.values[at] ?? 0) / 2 }];
  });
}

/** Names at the ends of their lines, pushed apart where they would touch. */
function writeNames(chart: uPlot, named: readonly NamePlace[], colour: (name: string) => string, font: string, room: number): void {
  const { ctx } = chart;
  const ratio = uPlot.pxRatio;
  const places = named.map(({ one, value }) => ({ one, y: chart.valToPos(value, 'y', true) })).toSorted((a, b) => a.y - b.y);
  const gap = 15 * ratio;
  for (let index = 1; index < places.length; index += 1) places[index]!.y = Math.max(places[index]!.y, places[index - 1]!.y + gap);
  const lowest = chart.bbox.top + chart.bbox.height;
  for (let index = places.length - 1; index >= 0; index -= 1) places[index]!.y = Math.min(places[index]!.y, index === places.length - 1 ? lowest : places[index + 1]!.y - gap);
  ctx.save();
  ctx.font = font.replace('12px', `${12 * ratio}px`);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const { one, y } of places) {
    ctx.fillStyle = colour(one.colour);
    ctx.fillText(fitted(one.name, room, font), chart.bbox.left + chart.bbox.width + 8 * ratio, y);
  }
  ctx.restore();
}

const ruler = document.createElement('canvas').getContext('2d');

function textWidth(text: string, font: string): number {
  if (ruler === null) return 7 * text.length;
  ruler.font = font;
  return Math.ceil(ruler.measureText(text).width);
}

/** As much of a name as there is room for. */
function fitted(name: string, room: number, font: string): string {
  if (textWidth(name, font) <= room) return name;
  let end = name.length;
  while (end > 1 && textWidth(`${name.slice(0, end)}…`, font) > room) end -= 1;
  return `${name.slice(0, end)}…`;
}
