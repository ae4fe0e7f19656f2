import type { LeaseRequest } from './wish.ts';

/** What a wish for a machine may name, whoever leases it. */
export type NamedParts = Pick<LeaseRequest, 'kind' | 'gpus' | 'gpu' | 'memoryGb' | 'slice'> & Partial<Pick<LeaseRequest, 'macClass' | 'xcode'>>;

/**
 * What a wish names that placement would not look at, and why: whoever asks for a slice of an H100 is not to get, and pay, one of anything.
 * Empty: it is one wish. Pure.
 */
export function wishFaults({ kind, gpus, gpu, memoryGb, slice, macClass, xcode }: NamedParts): { readonly field: keyof NamedParts; readonly why: string }[] {
  const faults: [field: keyof NamedParts, value: string | number | null | undefined, why: string][] = [];
  if (kind !== 'gpu') faults.push(...(['gpu', 'slice', 'memoryGb'] as const).map((field): (typeof faults)[number] => [field, { gpu, slice, memoryGb }[field], `must be left out: it is of the kind gpu alone, and this is ${kind}`]));
  else if (gpus === null) faults.push(['slice', slice, 'must be left out, or gpus say how many slices: without a number it is all of a machine'], ['memoryGb', memoryGb, 'must be left out, or gpus say how many GPUs: a whole machine is named by its kind of GPU, in gpu']);
  else if (slice !== null) faults.push(['gpu', gpu, 'must be left out: a slice is named by its profile, in slice, or is any with so much memoryGb']);
  if (kind !== 'mac') faults.push(['macClass', macClass, 'must be left out: it is of the kind mac alone'], ['xcode', xcode, 'must be left out: it is of the kind mac alone']);
  return faults.flatMap(([field, value, why]) => (value === null || value === undefined ? [] : [{ field, why }]));
}
