import { markdown, median, spread } from '../support/stats.ts';

/** At one rate, one entry for each round, ms. */
export interface Latency {
  readonly p50: number[];
  readonly p99: number[];
  /** p99 of how late the load sent what was due: its own part of the p99 above. */
  readonly late: number[];
  /** How much of each core was used, 0 to 1. A call that comes to a core that is nearly full waits, whatever the gateway does. */
  readonly gatewayCore: number[];
  readonly loadCore: number[];
}

/** What a core took from a loop that looks at the clock: see hiccups.ts. */
export interface Hiccups {
  /** So long at most wait 99 of 100 that come at any time. */
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly share: number;
}

/** What one gateway showed, one entry for each round. */
export class Figures {
  readonly perSecond: number[] = [];
  /** CPU of the gateway's process for one plain call, µs; all its threads. */
  readonly callUs: number[] = [];
  /** How much of its core the process had while it was saturated, 0 to 1. Well below 1, something else was the limit. */
  readonly busy: number[] = [];
  readonly streamUs: number[] = [];
  readonly latencies = new Map<number, Latency>();
  errors = 0;
  rssMiB = 0;
  readonly notes = new Set<string>();

  latency(rate: number): Latency {
    let known = this.latencies.get(rate);
    if (!known) this.latencies.set(rate, (known = { p50: [], p99: [], late: [], gatewayCore: [], loadCore: [] }));
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
    [`gateway, open loop at ${rate}/s`, 'added p50 ms', 'added p99 ms', 'of that sent late, p99 ms', "of the gateway's core", "of the load's"],
    [['backend alone (not added, its own)', both(base.p50, 2), both(base.p99, 2), both(base.late, 2), percent(base.gatewayCore), percent(base.loadCore)], ...named.map(([name, own]) => {
      const { p50, p99, late, gatewayCore, loadCore } = own.latency(rate);
      return p50.length === 0 ? [name, 'saturates at this rate or below', '-', '-', '-', '-'] : [name, added(p50, base.p50), added(p99, base.p99), both(late, 2), percent(gatewayCore), percent(loadCore)];
    })],
  ) + busy;
}

const percent = (shares: readonly number[]) => `${(median(shares) * 100).toFixed(0)} %`;

/** A core's hiccups in words, the worst of several looks. */
export function hiccupLine(core: string, looks: readonly Hiccups[]): string {
  const worst = (of: keyof Hiccups) => Math.max(...looks.map((look) => look[of]));
  return `${core} ${(worst('share') * 100).toFixed(1)} % of the time, ${worst('longestMs').toFixed(2)} ms at once, p99 ${worst('p99Ms').toFixed(2)} ms`;
}
