import type { Picodollars } from '../../base/index.ts';

/** One part of a machine that has one holder at a time: a GPU, a hardware slice of one, a turn of a shared GPU, or the machine where it has no GPU. */
export interface UnitView {
  /** Unique in its machine. */
  readonly id: string;
  /** Such as `h100-80gb`, or a slice's profile such as `1g.10gb`. */
  readonly kind: string;
  readonly memoryMb: number;
  /** A hardware partition of a GPU. */
  readonly slice: boolean;
  /** The GPU that it is, or is a part of. */
  readonly gpu: number;
  /** A turn of a GPU that is shared in time, or a slice whose memory is not its own: all that hold such of one GPU are of one project. */
  readonly shared: boolean;
}

/** A machine as placement sees it: plain data, whatever driver or provider it comes from. */
export interface MachineView {
  readonly id: string;
  readonly pool: string;
  readonly kind: 'gpu' | 'mac' | 'cpu';
  readonly owner: string;
  /** The organisations that may lease it; null: all. */
  readonly openTo: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Never empty. */
  readonly units: readonly UnitView[];
  readonly mac: { readonly class: string; readonly xcode: readonly string[] } | null;
  /** Something outside it can reinstall it, or it is of one organisation for good. */
  readonly rawRoot: boolean;
  /** Why it takes no lease now: its state, and where more is known a colon and words for its owner's people. Null: it takes leases. */
  readonly closed: string | null;
  /** From when it can be given away: a wipe is running, or the margin after a lease. */
  readonly freeFromMs: number;
  /** Stays with its last tenant until then, whose new leases it takes: the 24-hour rule. */
  readonly keptFor: { readonly organisationId: string; readonly untilMs: number } | null;
}

/** Units that a lease has, until it is known that nothing of it runs there any more. */
export interface Holding {
  readonly leaseId: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly machineId: string;
  readonly unitIds: readonly string[];
  /** Its planned end with the margin; infinite: none. Past: it is on its way out, and the units are not free. */
  readonly untilMs: number;
  readonly apart: string | null;
}

/** Units promised to a lease that begins later. */
export interface Reservation extends Omit<Holding, 'untilMs'> {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What a lease asks for on each machine. `owners`: of machines of these organisations; absent: of any. */
export type Want =
  /** So many GPUs or slices; kind null: any, or where `kinds` is there one of those. */
  | { readonly kind: 'units'; readonly unit: string | null; readonly kinds?: readonly string[]; readonly memoryMb: number; readonly slice: boolean; readonly count: number; readonly owners?: readonly string[] }
  /** All of it. `units`: of machines that have so many; `slice`: of those that are all cut up, or not at all; `standIn`: of what stands in for a Mac, or of Macs; absent: any. */
  | { readonly kind: 'whole'; readonly machine: 'gpu' | 'mac' | 'cpu'; readonly unit: string | null; readonly kinds?: readonly string[]; readonly macClass: string | null; readonly xcode: string | null; readonly units?: number; readonly slice?: boolean; readonly standIn?: boolean; readonly owners?: readonly string[] };

export interface PlacementRequest {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly askedAtMs: number;
  /** Null: any. */
  readonly pool: string | null;
  readonly want: Want;
  /** Machines together: all or none. */
  readonly machines: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly rawRoot: boolean;
  /** Leases of one project with the same word here share no machine; null: no such wish. */
  readonly apart: string | null;
  /** `pack` leaves large gaps for others, `spread` takes the emptiest machine. */
  readonly fit: 'pack' | 'spread';
  /** Null: until it is ended. */
  readonly durationMs: number | null;
  /** Null: as soon as possible. */
  readonly startAtMs: number | null;
  /** What a provider will bill for it, in all; 0: nothing. */
  readonly providerSpend: Picodollars;
}

/** A limit on what an organisation or project has at a time, and on what providers bill for it. Null: none. */
export interface Quota {
  readonly scope: 'organisation' | 'project';
  readonly id: string;
  /** In words: whom it holds, and who set it where that was the operator. */
  readonly holder: string;
  readonly nodes: number | null;
  readonly gpus: number | null;
  readonly leases: number | null;
  readonly spend: { readonly most: Picodollars; readonly spent: Picodollars } | null;
}

export interface Place {
  readonly machineId: string;
  readonly unitIds: readonly string[];
}

export interface Placed {
  readonly requestId: string;
  readonly places: readonly Place[];
  /** Now, or the start that was asked for. */
  readonly fromMs: number;
  /** With the margin. */
  readonly untilMs: number;
}

export type WaitCode = 'none-fits' | 'quota' | 'closed' | 'busy' | 'reserved' | 'gang' | 'apart';

export interface Waiting {
  readonly requestId: string;
  readonly code: WaitCode;
  /** A sentence without names of others. */
  readonly reason: string;
  /** Leases that have what it waits for, the one that ends first in front; at most 5. */
  readonly holders: readonly string[];
  /** When it can begin as far as leases' ends are known; null: no end is known. */
  readonly forecastMs: number | null;
  /** It goes first when its time comes: nothing that is placed behind it can be in its way. */
  readonly next: boolean;
}

export interface PlacementInput {
  readonly machines: readonly MachineView[];
  readonly holdings: readonly Holding[];
  readonly reservations: readonly Reservation[];
  readonly requests: readonly PlacementRequest[];
  readonly quotas: readonly Quota[];
  readonly nowMs: number;
  /** Between a lease's end and the machine's next lease. */
  readonly marginMs: number;
}

export interface PlacementResult {
  readonly placed: readonly Placed[];
  readonly waiting: readonly Waiting[];
}
