import type { Cut } from '../../../agent/src/testing/stand-in-host.ts';
import { Dice } from './random.ts';

/** Something that goes wrong. Times are seconds. */
export type Fault =
  | { readonly kind: 'kill-agent' | 'kill-keeper'; readonly host: number }
  /** The power of a host is cut, and comes back. */
  | { readonly kind: 'reboot'; readonly host: number; readonly off: number }
  | { readonly kind: 'kill-server'; readonly server: number; readonly down: number }
  | { readonly kind: 'kill-database' }
  | { readonly kind: 'cut'; readonly host: number; readonly what: Exclude<Cut, 'none'>; readonly lasts: number }
  | { readonly kind: 'agent-clock'; readonly host: number; readonly off: number; readonly lasts: number }
  | { readonly kind: 'server-clock'; readonly server: number; readonly off: number; readonly lasts: number }
  | { readonly kind: 'freeze-agent'; readonly host: number; readonly lasts: number }
  | { readonly kind: 'freeze-server'; readonly server: number; readonly lasts: number };

export interface Step {
  /** Seconds after the step before it. */
  readonly after: number;
  readonly fault: Fault;
}

const KINDS: readonly Fault['kind'][] = [
  'kill-agent', 'kill-agent', 'kill-keeper', 'kill-keeper', 'reboot', 'reboot', 'kill-server', 'kill-server', 'kill-database', 'cut', 'cut', 'cut', 'cut', 'cut', 'agent-clock', 'agent-clock', 'server-clock', 'server-clock', 'freeze-agent', 'freeze-server',
];

/** The faults of a seed. What lasts goes on while the next ones come. @param only of these kinds; undefined: all. */
export function storm(seed: number, steps: number, hosts: number, clocks: boolean, only?: readonly string[]): Step[] {
  const dice = new Dice(seed);
  const kinds = KINDS.filter((kind) => (clocks || !kind.endsWith('-clock')) && (only?.includes(kind) ?? true));
  if (kinds.length === 0) throw new Error(`no fault is of these kinds: ${String(only)}`);
  return Array.from({ length: steps }, () => ({ after: dice.whole(15, 65) / 10, fault: fault(dice.of(kinds), dice, dice.whole(0, hosts - 1)) }));
}

function fault(kind: Fault['kind'], dice: Dice, host: number): Fault {
  // A wall clock that is wrong by minutes, hours, or more than a certificate lasts.
  const off = (): number => dice.of([-1, 1]) * dice.of([90, 600, 5_000, 90_000]);
  switch (kind) {
    case 'kill-agent': case 'kill-keeper': return { kind, host };
    case 'reboot': return { kind, host, off: dice.whole(1, 8) };
    case 'kill-server': return { kind, server: dice.whole(0, 1), down: dice.whole(0, 4) };
    case 'kill-database': return { kind };
    // The server takes 20 s to know that nothing comes any more: some are shorter, some longer.
    case 'cut': return { kind, host, what: dice.of(['in', 'out', 'both', 'reset']), lasts: dice.of([dice.whole(2, 8), dice.whole(2, 15), dice.whole(22, 32)]) };
    case 'agent-clock': return { kind, host, off: off(), lasts: dice.whole(5, 25) };
    case 'server-clock': return { kind, server: dice.whole(0, 1), off: off(), lasts: dice.whole(5, 20) };
    case 'freeze-agent': return { kind, host, lasts: dice.whole(2, 12) };
    case 'freeze-server': return { kind, server: dice.whole(0, 1), lasts: dice.whole(2, 8) };
  }
}

export function told(fault: Fault, hosts: readonly string[]): string {
  const { kind, ...rest } = fault;
  return [kind, ...Object.entries(rest).map(([name, value]) => (name === 'host' ? hosts[value as number]! : `${name} ${value}`))].join(' ');
}
