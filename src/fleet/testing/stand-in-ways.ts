import { TandemError } from '../../base/index.ts';
import type { WayOffer, WayPlan } from '../jobs/direct-way.ts';
import type { JobPlace } from '../jobs/machine-jobs.ts';
import type { MachineWays } from '../jobs/machine-ways.ts';

/** A stand-in for ways among machines, inside the test's process: they offer what the test says, and stand where they were told. */
export class StandInWays implements MachineWays {
  /** What the pool says; null: nothing. */
  network: string | null = null;
  /** By machine. */
  readonly offers = new Map<string, WayOffer>();
  readonly unreached = new Map<string, readonly number[]>();
  /** Agents' codes, by question and machine with a space between; `away`: it does not answer. */
  readonly refuses = new Map<string, string>();
  /** Where the direct way stands, by lease and machine with a space between. */
  readonly standing = new Map<string, WayPlan & { readonly vni: number }>();

  async offer({ machineId }: JobPlace): Promise<WayOffer> {
    this.#demand('offer', machineId);
    return this.offers.get(machineId) ?? { why: 'it has no address in its pool\'s network' };
  }

  async join({ leaseId, machineId }: JobPlace, plan: WayPlan & { readonly vni: number }): Promise<void> {
    this.#demand('join', machineId);
    this.standing.set(`${leaseId} ${machineId}`, plan);
  }

  async leave({ leaseId, machineId }: JobPlace): Promise<void> {
    this.#demand('leave', machineId);
    this.standing.delete(`${leaseId} ${machineId}`);
  }

  async probe({ machineId }: JobPlace): Promise<readonly number[]> {
    this.#demand('probe', machineId);
    return this.unreached.get(machineId) ?? [];
  }

  #demand(question: string, machineId: string): void {
    const code = this.refuses.get(`${question} ${machineId}`);
    if (code === 'away') throw new TandemError('node_unreachable', { params: { name: machineId } });
    if (code !== undefined) throw new TandemError('node_refused', { params: { name: machineId, reason: 'it says no' }, detail: code });
  }
}
