import type { MachineView, UnitView } from '../placement/index.ts';

/** What of a machine follows from what its agent says of it. All of it is a claim, and nothing of it is trusted further than here. */
export type Shape = Pick<MachineView, 'kind' | 'units' | 'mac'>;

const MOST_GPUS = 64;
const MOST_SLICES = 16;
const WHOLE = { id: 'whole', memoryMb: 0, slice: false, gpu: 0, shared: false } as const;
/** In this order: the first that a GPU's name holds is its model. */
const MODELS = /\b(?:GB\d{3}|[BHAVLTP]\d{1,4}[A-Z]?|MI\d{3}[A-Z]?|RTX ?\d{4}|GTX ?\d{4})\b/i;

/**
 * A machine's kind and units from its inventory: GPUs by model and memory (`h100-80gb`), hardware slices by profile, a Mac by its chip, and
 * anything else as one. Slices that have no memory of their own are of one project on each card. Linux in the place of a Mac is a Mac of the class `stand-in`, and never of another.
 */
export function shapeOf(inventory: Readonly<Record<string, unknown>>, standIn: boolean): Shape {
  if (standIn) return { kind: 'mac', units: [{ ...WHOLE, kind: 'stand-in' }], mac: { class: 'stand-in', xcode: [] } };
  const apple = objectOf(inventory['apple']);
  if (apple !== undefined && String(inventory['platform']).startsWith('darwin-')) {
    const chip = slug(textOf(apple['chip']).replace(/^apple\s+/i, '')) || 'unknown';
    return { kind: 'mac', units: [{ ...WHOLE, kind: chip }], mac: { class: chip, xcode: listOf(apple['xcodes']).map((one) => textOf(objectOf(one)?.['version'])).filter((version) => /^[\w.]{1,20}$/.test(version)) } };
  }
  const units = listOf(inventory['gpus']).slice(0, MOST_GPUS).flatMap((gpu, index) => unitsOf(objectOf(gpu) ?? {}, index));
  return units.length === 0 ? { kind: 'cpu', units: [{ ...WHOLE, kind: slug(textOf(inventory['platform'])) || 'node' }], mac: null } : { kind: 'gpu', units, mac: null };
}

function unitsOf(gpu: Readonly<Record<string, unknown>>, index: number): UnitView[] {
  const slices = listOf(gpu['migDevices']).slice(0, MOST_SLICES).map((one) => objectOf(one) ?? {});
  if (slices.length === 0) return [{ id: `gpu-${index}`, kind: gpuKind(gpu), memoryMb: megabytes(gpu['memoryBytes']), slice: false, gpu: index, shared: false }];
  return slices.map((one, part) => ({ id: `gpu-${index}-${part}`, kind: slug(textOf(one['profile'])) || 'slice', memoryMb: profileMb(textOf(one['profile'])), slice: true, gpu: index, shared: one['sharesMemory'] === true }));
}

/** What cards are sold with, where neither their name says it nor what they report rounds to it: as NVIDIA names the slice that is all of them (MIG User Guide, "Supported MIG Profiles"). */
const SOLD_GB: Readonly<Record<string, number>> = { h200: 141, b200: 180 };
/** Another card of the same model may have other memory. */
const NEAR_GB = 3;

/** `NVIDIA H100 80GB HBM3` with 85 GB is `h100-80gb`: vendors round memory down to what they print. */
function gpuKind(gpu: Readonly<Record<string, unknown>>): string {
  const name = textOf(gpu['name']);
  const model = slug(MODELS.exec(name)?.[0].replace(' ', '') ?? name.replace(/^(?:nvidia|amd)\s+/i, '')) || 'gpu';
  const printed = /\b(\d{1,4}) ?GB\b/i.exec(name)?.[1];
  const reported = Math.round(megabytes(gpu['memoryBytes']) / 1_024);
  const sold = SOLD_GB[model];
  const gigabytes = printed ?? String(sold !== undefined && Math.abs(sold - reported) <= NEAR_GB ? sold : reported);
  return gigabytes === '0' ? model : `${model}-${gigabytes}gb`;
}

/** A slice's memory stands in its profile: `1g.10gb`. */
function profileMb(profile: string): number {
  return Number(/(\d{1,4})gb/i.exec(profile)?.[1] ?? 0) * 1_000;
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9.]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60);
}

function megabytes(bytes: unknown): number {
  return typeof bytes === 'number' && bytes > 0 && bytes < 2 ** 50 ? Math.floor(bytes / 2 ** 20) : 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
