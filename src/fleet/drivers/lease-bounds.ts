import { printable } from '../../base/index.ts';

/** What a machine says really bounds a lease on it. A claim: it runs the lease, and could say anything. */
export interface LeaseBounds {
  /** Null: nothing bounds it. */
  readonly limits: { readonly cpuMillis: number | null; readonly memoryBytes: number | null; readonly processes: number | null; readonly diskBytes: number | null };
  readonly network: 'internet' | 'loopback';
  readonly resolvers: readonly string[];
  /** What the machine could not do, and why. */
  readonly unbound: readonly { readonly what: string; readonly why: string }[];
}

const MOST = 10;

/** Null: the agent is of a release that says nothing of it. */
export function readLeaseBounds(said: unknown): LeaseBounds | null {
  if (typeof said !== 'object' || said === null) return null;
  const { limits, network, resolvers, unbound } = said as Record<string, unknown>;
  const whole = (name: string): number | null => {
    const value = (limits as Record<string, unknown> | null | undefined)?.[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
  };
  const text = (value: unknown, most: number): string => printable(typeof value === 'string' ? value : '').slice(0, most);
  return {
    limits: { cpuMillis: whole('cpuMillis'), memoryBytes: whole('memoryBytes'), processes: whole('processes'), diskBytes: whole('diskBytes') },
    network: network === 'internet' ? 'internet' : 'loopback', resolvers: listOf(resolvers).map((one) => text(one, 45)),
    unbound: listOf(unbound).map((one) => ({ what: text((one as Record<string, unknown> | null)?.['what'], 20), why: text((one as Record<string, unknown> | null)?.['why'], 300) })),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MOST) : [];
}
