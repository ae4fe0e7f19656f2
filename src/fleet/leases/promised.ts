import type { MachineView } from '../placement/index.ts';
import type { StoredLease } from './rows.ts';

/** What leases that begin later are, by their start and by whether the machines that they were promised still take leases. */
export interface Promised {
  /** Their start has come, and so may they. */
  readonly due: readonly StoredLease[];
  /** Their start has come, and a machine of theirs is gone or takes no lease: they wait as any other, and go first where they are the oldest. */
  readonly late: readonly StoredLease[];
  /** They begin later, and a machine of theirs is gone or takes no lease now: others are looked for meanwhile. */
  readonly moving: readonly StoredLease[];
  /** They begin later, on machines that can have them. */
  readonly kept: readonly StoredLease[];
}

/** Pure. @param machines all that there are. */
export function promised(stored: readonly StoredLease[], machines: readonly Pick<MachineView, 'id' | 'closed'>[], nowMs: number): Promised {
  const open = new Set(machines.filter(({ closed }) => closed === null).map(({ id }) => id));
  const reserved = stored.filter(({ row }) => row.observed === 'reserved' && row.wanted === 'run');
  const kindOf = ({ row, machines: on }: StoredLease): keyof Promised => {
    const isOpen = on.every(({ machine_id }) => open.has(machine_id));
    return row.starts_at!.getTime() <= nowMs ? (isOpen ? 'due' : 'late') : isOpen ? 'kept' : 'moving';
  };
  return { due: [], late: [], moving: [], kept: [], ...Object.groupBy(reserved, kindOf) };
}

/** Leases that still have a unit of the machines that another one was promised. */
export function inTheWay({ row, machines }: StoredLease, stored: readonly StoredLease[]): string[] {
  const has = (one: StoredLease): boolean => one.machines.some(({ machine_id, unit_ids, stage }) => stage !== 'wiped' && machines.some((own) => own.machine_id === machine_id && own.unit_ids.some((unit) => unit_ids.includes(unit))));
  return stored.filter((one) => one.row.id !== row.id && one.row.observed !== 'reserved' && has(one)).map((one) => one.row.id);
}
