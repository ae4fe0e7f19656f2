import { TandemError, type ManualClock } from '../../base/index.ts';
import type { Driver, HomeLook, LeaseOrder, RunningLease, WipeReport } from '../drivers/driver.ts';

interface Running {
  readonly order: LeaseOrder;
  untilMs: number;
}

interface Machine {
  link: 'up' | 'deaf' | 'mute';
  fence: bigint;
  readonly running: Map<string, Running>;
  /** Lease by unit: what it left and nobody has wiped. */
  readonly residue: Map<string, string>;
  wipes: 'clean' | 'dirty';
}

/**
 * A stand-in for machines, inside the test's process: it keeps leases as the agent does, by a clock that the test moves, and can be cut off
 * both ways or one way. Nothing runs on it; no proof of any real machine.
 */
export class StandInMachines implements Driver {
  readonly #clock: ManualClock;
  readonly #machines = new Map<string, Machine>();
  readonly #listeners = new Set<(machineId: string, reached: boolean) => void>();
  /** Ids of the volumes that are put aside, on whatever machine. */
  readonly volumes = new Set<string>();
  /** What was asked, in order: verb, machine, lease. */
  readonly asked: string[] = [];

  constructor(clock: ManualClock, ids: readonly string[]) {
    this.#clock = clock;
    for (const id of ids) this.#machines.set(id, { link: 'up', fence: 0n, running: new Map(), residue: new Map(), wipes: 'clean' });
  }

  link(machineId: string, link: Machine['link']): void {
    const machine = this.#of(machineId);
    const before = machine.link;
    machine.link = link;
    if ((before === 'up') !== (link === 'up')) for (const listener of this.#listeners) listener(machineId, link === 'up');
  }

  reboot(machineId: string): void {
    this.#of(machineId).running.clear();
  }

  failWipes(machineId: string, fails = true): void {
    this.#of(machineId).wipes = fails ? 'dirty' : 'clean';
  }

  /** What runs, whoever can see it. */
  running(machineId: string): string[] {
    return [...this.#live(machineId).running.keys()];
  }

  residue(machineId: string): string[] {
    return [...new Set(this.#of(machineId).residue.values())];
  }

  reaches(machineId: string): boolean {
    return this.#machines.get(machineId)?.link === 'up';
  }

  async grant(order: LeaseOrder, remainingMs: number): Promise<null> {
    return this.#ask('grant', order.machineId, order.leaseId, (machine) => {
      const taken = order.unitIds.find((unit) => machine.residue.has(unit) && machine.residue.get(unit) !== order.leaseId);
      if (order.fence < machine.fence && !machine.running.has(order.leaseId)) throw refused(order.machineId, 'a later lease was here already');
      if (taken !== undefined) throw refused(order.machineId, `${taken} is not wiped`);
      const { from } = order.home;
      if (from !== null && !machine.running.has(order.leaseId) && !this.volumes.delete(from)) throw refused(order.machineId, 'the volume is not there');
      if (order.fence > machine.fence) machine.fence = order.fence;
      for (const unit of order.unitIds) machine.residue.set(unit, order.leaseId);
      machine.running.set(order.leaseId, { order, untilMs: this.#clock.monotonicMs() + remainingMs });
      return null;
    });
  }

  async stop(order: LeaseOrder): Promise<void> {
    return this.#ask('stop', order.machineId, order.leaseId, (machine) => void machine.running.delete(order.leaseId));
  }

  async wipe(order: LeaseOrder): Promise<WipeReport> {
    return this.#ask('wipe', order.machineId, order.leaseId, (machine) => {
      machine.running.delete(order.leaseId);
      if (machine.wipes === 'dirty') return { clean: false, method: 'reset', evidence: ['stand-in: a canary was found'], unchecked: [], canaries: { planted: ['home'], found: ['home'] }, versions: {}, kept: this.#keep(order) };
      for (const [unit, lease] of machine.residue) if (lease === order.leaseId) machine.residue.delete(unit);
      return { clean: true, method: 'reset', evidence: ['stand-in: nothing was found'], unchecked: ['stand-in: nothing real was looked at'], canaries: { planted: ['home'], found: [] }, versions: { agent: 'stand-in' }, kept: this.#keep(order) };
    });
  }

  async look(machineId: string, leaseId: string): Promise<HomeLook> {
    return this.#ask('look', machineId, leaseId, () => ({ files: 2, bytes: 1_000, whole: true, processes: [{ name: 'python3', count: 1 }] }));
  }

  async removeVolume(machineId: string, volumeId: string): Promise<void> {
    return this.#ask('remove-volume', machineId, volumeId, () => void this.volumes.delete(volumeId));
  }

  #keep({ home: { keep } }: LeaseOrder): WipeReport['kept'] {
    if (keep === null) return null;
    this.volumes.add(keep);
    return { files: 2, bytes: 1_000 };
  }

  async list(machineId: string): Promise<readonly RunningLease[]> {
    return this.#ask('list', machineId, '', (machine) => [...machine.running.values()].map(({ order, untilMs }) => ({ leaseId: order.leaseId, fence: order.fence, remainingMs: untilMs - this.#clock.monotonicMs() })));
  }

  onChange(listener: (machineId: string, reached: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #ask<T>(verb: string, machineId: string, leaseId: string, work: (machine: Machine) => T): Promise<T> {
    this.asked.push(`${verb} ${machineId} ${leaseId}`.trim());
    const { link } = this.#of(machineId);
    if (link === 'deaf') throw unreachable(machineId);
    const result = work(this.#live(machineId));
    if (link === 'mute') throw unreachable(machineId);
    return result;
  }

  /** The watchdog: what has run out is gone. */
  #live(machineId: string): Machine {
    const machine = this.#of(machineId);
    for (const [lease, { untilMs }] of machine.running) if (this.#clock.monotonicMs() >= untilMs) machine.running.delete(lease);
    return machine;
  }

  #of(machineId: string): Machine {
    const machine = this.#machines.get(machineId);
    if (machine === undefined) throw unreachable(machineId);
    return machine;
  }
}

function unreachable(name: string): TandemError {
  return new TandemError('node_unreachable', { params: { name } });
}

function refused(name: string, reason: string): TandemError {
  return new TandemError('node_refused', { params: { name, reason } });
}
