import { formatAmount, type Picodollars } from '../../base/index.ts';
import type { Holding, MachineView, PlacementRequest, Quota, Reservation } from './types.ts';

interface Counted {
  readonly quota: Quota;
  readonly nodes: Set<string>;
  readonly leases: Set<string>;
  gpus: number;
  spend: Picodollars;
}

/** What organisations and projects have at a time, beside what they may have. Reserved units count as had. */
export class QuotaBook {
  /** By scope, then by id. */
  readonly #quotas = { organisation: new Map<string, Counted[]>(), project: new Map<string, Counted[]>() };

  constructor(quotas: readonly Quota[], machineOf: (id: string) => MachineView | undefined, held: readonly (readonly (Holding | Reservation)[])[]) {
    for (const quota of quotas) {
      const of = this.#quotas[quota.scope];
      of.set(quota.id, [...(of.get(quota.id) ?? NONE), { quota, nodes: new Set(), leases: new Set(), gpus: 0, spend: 0n }]);
    }
    if (quotas.length === 0) return;
    for (const list of held) {
      for (const holding of list) this.#add(holding, holding.leaseId, holding.machineId, machineOf(holding.machineId)?.kind === 'gpu' ? holding.unitIds.length : 0);
    }
  }

  /**
   * Why the request is too much now, whatever is free; null: it is not.
   * @param machineIds that it would be given: a machine that is had already counts once. Null: not known yet, and as many of those as can be.
   */
  refusal(request: PlacementRequest, gpus: number, machineIds: readonly string[] | null): string | null {
    for (const { quota, ...used } of this.#over(request)) {
      const nodes = machineIds === null ? Math.max(0, request.machines - used.nodes.size) : machineIds.filter((id) => !used.nodes.has(id)).length;
      const over = (what: string, most: number | null, has: number, more: number) =>
        (most !== null && more > 0 && has + more > most ? `${quota.holder} may have ${most} ${what}${most === 1 ? '' : 's'} at a time, has ${has} and asks for ${more} more; let something end, or set another quota: tandem quotas` : null);
      const reason = over('lease', quota.leases, used.leases.size, 1) ?? over('machine', quota.nodes, used.nodes.size, nodes) ?? over('GPU', quota.gpus, used.gpus, gpus);
      if (reason !== null) return reason;
      if (quota.spend !== null && request.providerSpend > 0n && quota.spend.spent + used.spend + request.providerSpend > quota.spend.most) {
        return spendWords(quota.holder, quota.spend.most, quota.spend.spent + used.spend, request.providerSpend);
      }
    }
    return null;
  }

  /** What of machines the quotas leave to a request; null: more than it asks for, whichever these are. */
  room(request: PlacementRequest): MachineRoom | null {
    const tight = this.#over(request).filter(({ quota, nodes }) => quota.nodes !== null && nodes.size + request.machines > quota.nodes);
    return tight.length === 0 ? null : new MachineRoom(tight.map(({ quota, nodes }) => ({ left: quota.nodes! - nodes.size, had: nodes })));
  }

  placed(request: PlacementRequest, machines: readonly { readonly id: string; readonly gpus: number }[]): void {
    for (const { id, gpus } of machines) this.#add(request, request.id, id, gpus);
    for (const counted of this.#over(request)) counted.spend += request.providerSpend;
  }

  #add(of: Pick<Holding, 'organisationId' | 'projectId'>, leaseId: string, machineId: string, gpus: number): void {
    for (const counted of this.#over(of)) {
      // A set that nobody asks for grows with the fleet for nothing.
      if (counted.quota.leases !== null) counted.leases.add(leaseId);
      if (counted.quota.nodes !== null) counted.nodes.add(machineId);
      counted.gpus += gpus;
    }
  }

  #over({ organisationId, projectId }: Pick<Holding, 'organisationId' | 'projectId'>): Counted[] {
    const organisation = this.#quotas.organisation.get(organisationId);
    const project = this.#quotas.project.get(projectId);
    return organisation === undefined ? (project ?? NONE) : project === undefined ? organisation : [...organisation, ...project];
  }
}

/** Machines are had once, however many leases are on them: so many more may be, and those that are had already. */
export class MachineRoom {
  readonly #parts: { left: number; readonly had: ReadonlySet<string> }[];

  constructor(parts: { left: number; readonly had: ReadonlySet<string> }[]) {
    this.#parts = parts;
  }

  /** Those alone that may be given, where no other may; null: others may, too. */
  get only(): ReadonlySet<string> | null {
    return this.#parts.find(({ left }) => left <= 0)?.had ?? null;
  }

  admits(machineId: string): boolean {
    return this.#parts.every(({ left, had }) => left > 0 || had.has(machineId));
  }

  took(machineId: string): void {
    for (const part of this.#parts) if (!part.had.has(machineId)) part.left -= 1;
  }
}

/** Why providers would bill too much in a month. Amounts in picodollars, of the currency of who is held. */
export function spendWords(holder: string, most: Picodollars, spent: Picodollars, more: Picodollars): string {
  return `providers may bill ${holder} ${formatAmount(most)} this month, bill ${formatAmount(spent)} already, and would bill ${formatAmount(more)} more; let something end, or set another quota: tandem quotas`;
}

const NONE: Counted[] = [];
