import { Fragment } from 'react';
import { duration } from '../lib/format.ts';

export interface WaterfallBar {
  readonly id: string;
  readonly label: string;
  /** A class of `parts.css`: what the bar is of. */
  readonly kind: string;
  readonly startMs: number;
  readonly ms: number;
  /** What it waited for. */
  readonly reason: string;
  /** Shorter bars of what happened within. */
  readonly inner?: readonly { readonly kind: string; readonly startMs: number; readonly ms: number; readonly title: string }[];
}

/** Bars on one time scale, each with its length and what it waited for in words: the words are the table behind the picture. */
export function Waterfall({ label, totalMs, bars }: { label: string; totalMs: number; bars: readonly WaterfallBar[] }) {
  const percent = (ms: number): string => `${totalMs <= 0 ? 0 : Math.min(100, Math.max(0, (ms / totalMs) * 100))}%`;
  const place = (startMs: number, ms: number) => ({ left: percent(startMs), width: `max(3px, ${percent(Math.min(ms, totalMs - startMs))})` });
  return (
    <div className="waterfall" role="table" aria-label={label}>
      <div className="waterfall-scale" aria-hidden>{[0, 0.25, 0.5, 0.75, 1].map((share) => <span key={share} style={{ left: `${share * 100}%` }}>{share === 0 ? '0' : duration(totalMs * share)}</span>)}</div>
      {bars.map((bar) => (
        <Fragment key={bar.id}>
          <div className="waterfall-row" role="row">
            <span className="waterfall-label" role="rowheader">{bar.label}</span>
            <span className="waterfall-track" role="cell" aria-label={`from ${duration(bar.startMs)} on`}>
              <span className={`waterfall-bar ${bar.kind}`} style={place(bar.startMs, bar.ms)} />
              {bar.inner?.map((one) => <span key={`${one.kind} ${one.startMs}`} className={`waterfall-bar inner ${one.kind}`} title={one.title} style={place(one.startMs, one.ms)} />)}
            </span>
            <span className="waterfall-time num" role="cell">{duration(bar.ms)}</span>
            <span className="waterfall-reason" role="cell">{bar.reason}</span>
          </div>
        </Fragment>
      ))}
    </div>
  );
}
