import { TandemError, isTandemError, printable } from '../../base/index.ts';
import type { NodeLink } from '../ports.ts';
import type { WayOffer, WayPlan } from './direct-way.ts';
import type { JobPlace } from './machine-jobs.ts';

/** Ways among machines, whoever runs them. Everything can be asked twice. Each throws TandemError node_unreachable; node_refused, with the agent's own code as its detail. */
export interface MachineWays {
  /** What a machine brings to a direct way. Nothing is changed. */
  offer(place: JobPlace, network: string): Promise<WayOffer>;
  /** The direct way stands there, in the place of the other. */
  join(place: JobPlace, plan: WayPlan & { readonly vni: number }): Promise<void>;
  /** The way through the server stands there. */
  leave(place: JobPlace): Promise<void>;
  /** Which ranks do not answer there by the direct way. */
  probe(place: JobPlace, size: number): Promise<readonly number[]>;
}

const MOST_MTU = 65_535;
const OLD = 'its agent is of a release that has no direct way';

/** Ways among machines that run the agent. */
export class AgentWays implements MachineWays {
  readonly #link: Pick<NodeLink, 'ask'>;

  constructor(link: Pick<NodeLink, 'ask'>) {
    this.#link = link;
  }

  async offer(place: JobPlace, network: string): Promise<WayOffer> {
    let said: unknown;
    try {
      said = await this.#link.ask(place.machineId, 'ranks.offer', { ...paramsOf(place), network });
    } catch (error) {
      if (isTandemError(error, 'node_refused') && error.detail === 'unknown_command') return { why: OLD };
      throw error;
    }
    const { address, mtu, why } = (said ?? {}) as Record<string, unknown>;
    if (typeof why === 'string') return { why: printable(why).slice(0, 300) };
    if (typeof address !== 'string' || address.length > 15 || typeof mtu !== 'number' || !Number.isInteger(mtu) || mtu < 0 || mtu > MOST_MTU) return { why: 'what it says of its network cannot be read' };
    return { address, mtu };
  }

  async join(place: JobPlace, plan: WayPlan & { readonly vni: number }): Promise<void> {
    await this.#link.ask(place.machineId, 'ranks.join', { ...paramsOf(place), plan });
  }

  async leave(place: JobPlace): Promise<void> {
    try {
      await this.#link.ask(place.machineId, 'ranks.leave', paramsOf(place));
    } catch (error) {
      // One that never heard of it has the way through the server.
      if (!isTandemError(error, 'node_refused') || error.detail !== 'unknown_command') throw error;
    }
  }

  async probe(place: JobPlace, size: number): Promise<readonly number[]> {
    const said = (await this.#link.ask(place.machineId, 'ranks.probe', paramsOf(place))) as { readonly unreached?: unknown } | null;
    const list = said?.unreached;
    if (!Array.isArray(list) || list.length > size || !list.every((one) => Number.isInteger(one) && one >= 0 && one < size)) throw new TandemError('node_refused', { params: { name: place.machineId, reason: 'what it said of the other ranks cannot be read' } });
    return list as number[];
  }
}

function paramsOf({ leaseId, fence }: JobPlace): { readonly lease: string; readonly fence: string } {
  return { lease: leaseId, fence: String(fence) };
}
