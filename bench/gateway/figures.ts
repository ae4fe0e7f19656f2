import { markdown, median, spread } from '../support/stats.ts';

/** What one gateway showed, one entry for each round. */
export class Figures {
  readonly perSecond: number[] = [];
  /** CPU of the gateway's process for one plain call, µs; all its threads. */
  readonly callUs: number[] = [];
  /** How much of its core the process had while it was saturated, 0 to 1. Well below 1, something else was the limit. */
  readonly busy: number[] = [];
  readonly streamUs: number[] = [];
  readonly latencies = new Map<number, { p50: number[]; p99: number[] }>();
  errors = 0;
  rssMiB = 0;
  readonly notes = new Set<string>();

  latency(rate: number): { p50: number[]; p99: number[] } {
    let known = this.latencies.get(rate);
    if (!known) this.latencies.set(rate, (known = { p50: [], p99: [] }));
    return known;
  }
}

/**
 * One figure beside the bare proxy's, round by round: a machine that is slow for a while is slow for both in that
 * round, which a quotient of two medians would not see.
 */
export function timesBare(own: readonly number[], bare: readonly number[]): number {
  return median(own.flatMap((one, round) => (bare[round] === undefined ? [] : [one / bare[round]])));
}

const both = (figures: readonly number[], digits = 0) => (figures.length === 0 ? '-' : `${median(figures).toFixed(digits)} (${spread(figures, digits)})`);
const times = (own: readonly number[], bare: readonly number[]) => (own.length === 0 ? '-' : timesBare(own, bare).toFixed(2));

/** Saturation and CPU. */
export function loadTable(named: readonly (readonly [string, Figures])[], bare: Figures, frames: number): string {
  return markdown(
    ['gateway', 'requests/s at saturation', '× bare', 'of its core', 'CPU µs per call', '× bare', `CPU µs per ${frames}-frame stream`, '× bare', 'RSS MiB', 'errors', 'note'],
    named.map(([name, own]) => [
      name, both(own.perSecond), times(own.perSecond, bare.perSecond), `${(median(own.busy) * 100).toFixed(0)} %`, both(own.callUs), times(own.callUs, bare.callUs),
      both(own.streamUs), times(own.streamUs, bare.streamUs), own.rssMiB.toFixed(0), String(own.errors), [...own.notes].join('; '),
    ]),
  );
}

/** With more than this at the backend itself, it is the load that waits and not the gateways. */
const BUSY_P99_MS = 20;

/** What each gateway adds to the backend's own latency at one fixed rate. */
export function latencyTable(rate: number, named: readonly (readonly [string, Figures])[], direct: Figures): string {
  const base = direct.latency(rate);
  const added = (own: readonly number[], from: readonly number[]) => both(own.map((one, round) => one - from[round]!), 2);
  const busy = median(base.p99) > BUSY_P99_MS ? '\n\nThe backend alone was slow: this machine was busy with other things, and this table says nothing about the gateways.' : '';
  return markdown(
    [`gateway, open loop at ${rate}/s`, 'added p50 ms', 'added p99 ms'],
    [['backend alone (not added, its own)', both(base.p50, 2), both(base.p99, 2)], ...named.map(([name, own]) => {
      const { p50, p99 } = own.latency(rate);
      return p50.length === 0 ? [name, 'saturates at this rate or below', '-'] : [name, added(p50, base.p50), added(p99, base.p99)];
    })],
  ) + busy;
}
