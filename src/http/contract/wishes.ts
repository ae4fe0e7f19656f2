import type { z } from 'zod';

/** What a wish for a machine may name, whoever leases it. */
interface NamedParts {
  readonly kind: 'gpu' | 'mac' | 'node';
  readonly gpus: number | null;
  readonly gpu: string | null;
  readonly memoryGb: number | null;
  readonly slice: string | null;
  readonly macClass?: string | null;
  readonly xcode?: string | null;
}

/**
 * Refuses a wish that names what placement would not look at: whoever asks for a slice of an H100 is not to get, and pay, one of anything.
 * For `superRefine`.
 */
export function demandOneWish(wish: NamedParts, context: z.core.$RefinementCtx): void {
  for (const [field, why] of faultsOf(wish)) context.addIssue({ code: 'custom', path: [field], message: why });
}

function faultsOf({ kind, gpus, gpu, memoryGb, slice, macClass, xcode }: NamedParts): [field: keyof NamedParts, why: string][] {
  const faults: [field: keyof NamedParts, value: string | number | null | undefined, why: string][] = [];
  if (kind !== 'gpu') faults.push(...(['gpu', 'slice', 'memoryGb'] as const).map((field): (typeof faults)[number] => [field, { gpu, slice, memoryGb }[field], `must be left out: it is of the kind gpu alone, and this is ${kind}`]));
  else if (gpus === null) faults.push(['slice', slice, 'must be left out, or gpus say how many slices: without a number it is all of a machine'], ['memoryGb', memoryGb, 'must be left out, or gpus say how many GPUs: a whole machine is named by its kind of GPU, in gpu']);
  else if (slice !== null) faults.push(['gpu', gpu, 'must be left out: a slice is named by its profile, in slice, or is any with so much memoryGb']);
  if (kind !== 'mac') faults.push(['macClass', macClass, 'must be left out: it is of the kind mac alone'], ['xcode', xcode, 'must be left out: it is of the kind mac alone']);
  return faults.flatMap(([field, value, why]) => (value === null || value === undefined ? [] : [[field, why]]));
}
