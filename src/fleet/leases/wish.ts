import type { PlacementRequest, Want } from '../placement/index.ts';

/** What somebody asks for, in the words of the control API. One form from a slice of a GPU to a cluster. */
export interface LeaseRequest {
  readonly kind: 'gpu' | 'mac' | 'node';
  /** GPUs or slices on each machine; null: all of it. Of `gpu` alone. */
  readonly gpus: number | null;
  /** Kind of GPU such as `h100-80gb`; null: any. */
  readonly gpu: string | null;
  /** Of each GPU or slice, at least. */
  readonly memoryGb: number | null;
  /** A hardware slice instead of a GPU, by its profile such as `1g.10gb`; `any`: of any profile. */
  readonly slice: string | null;
  readonly macClass: string | null;
  readonly xcode: string | null;
  readonly pool: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Machines together: all or none. */
  readonly machines: number;
  readonly apart: string | null;
  readonly fit: 'pack' | 'spread';
  readonly access: 'api' | 'job' | 'shell' | 'root';
  /** Null: until it is ended, or costs what it may at most. */
  readonly minutes: number | null;
  /** Null: as soon as possible. */
  readonly startsAtMs: number | null;
  /** Its sessions are recorded; its pool may say so, too. */
  readonly record: boolean;
}

/** What placement looks for, kept with the lease. */
export interface Wish {
  readonly want: Want;
  readonly pool: string | null;
  readonly machines: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly rawRoot: boolean;
  readonly apart: string | null;
  readonly fit: 'pack' | 'spread';
}

export function wishOf(request: LeaseRequest): Wish {
  const { pool, machines, labels, apart, fit } = request;
  return { want: wantOf(request), pool, machines, labels, rawRoot: request.access === 'root', apart, fit };
}

function wantOf({ kind, gpus, gpu, memoryGb, slice, macClass, xcode }: LeaseRequest): Want {
  if (kind === 'mac') return { kind: 'whole', machine: 'mac', unit: null, macClass, xcode };
  if (kind === 'node') return { kind: 'whole', machine: 'cpu', unit: null, macClass: null, xcode: null };
  if (gpus === null) return { kind: 'whole', machine: 'gpu', unit: gpu, macClass: null, xcode: null };
  return { kind: 'units', unit: slice === 'any' ? null : (slice ?? gpu), memoryMb: Math.floor((memoryGb ?? 0) * 1_000), slice: slice !== null, count: gpus };
}

/** The wish as one round of placement takes it. */
export function placementRequest(wish: Wish, of: Pick<PlacementRequest, 'id' | 'organisationId' | 'projectId' | 'askedAtMs' | 'durationMs' | 'startAtMs'>): PlacementRequest {
  return { ...wish, ...of, providerSpend: 0n };
}
