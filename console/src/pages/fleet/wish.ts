import type { BodyOf } from '../../api/client.ts';
import { parseMoney } from '../../lib/money.ts';
import { wordsOf } from '../../lib/words.ts';

export type Wish = BodyOf<'/api/leases/quote', 'post'>;
export type NewJob = NonNullable<NonNullable<BodyOf<'/api/leases', 'post'>>['job']>;

/** What a person has typed and chosen, as it stands in the fields. */
export interface WishFields {
  readonly name: string;
  readonly kind: 'gpu' | 'mac' | 'node';
  readonly gpus: string;
  readonly gpu: string;
  readonly slice: string;
  readonly macClass: string;
  readonly xcode: string;
  readonly pool: string;
  readonly machines: string;
  readonly access: NonNullable<Wish['access']>;
  /** Empty: until it is ended. */
  readonly hours: string;
  readonly atMost: string;
  readonly project: string;
  readonly record: boolean;
  /** A volume's name; empty: a new home. */
  readonly volume: string;
  /** What a job runs, as a line. */
  readonly command: string;
  /** NAME=VALUE on each line. */
  readonly env: string;
  readonly keepOpen: boolean;
}

export const NO_WISH: WishFields = { name: '', kind: 'gpu', gpus: '1', gpu: '', slice: '', macClass: '', xcode: '', pool: '', machines: '1', access: 'shell', hours: '1', atMost: '', project: '', record: false, volume: '', command: '', env: '', keepOpen: false };

/** The kind to begin with, by what machines are priced by: a Mac or a whole machine where there are no GPUs. Undefined: there are, or there is nothing yet. */
export function kindHere(resources: readonly string[]): 'mac' | 'node' | undefined {
  if (resources.length === 0 || !resources.every((resource) => /^(?:mac|node)\//.test(resource))) return undefined;
  return resources.some((resource) => resource.startsWith('mac/')) ? 'mac' : 'node';
}

/** A field that cannot be read, in words. */
export interface WishFault {
  readonly field: keyof WishFields;
  readonly message: string;
}

const whole = (text: string): number | undefined => (/^\d{1,4}$/.test(text.trim()) && Number(text) >= 1 ? Number(text) : undefined);
const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());

/** Hours as "1.5" in whole minutes; undefined when it is no such number. */
export function minutesOf(hours: string): number | undefined {
  const text = hours.trim();
  const minutes = /^\d{1,4}(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 60) : 0;
  return minutes >= 1 && minutes <= 527_040 ? minutes : undefined;
}

/** What a lease with the access `job` runs, or which field of it cannot be read; null for any other access. */
function jobOf({ access, command, env, keepOpen }: WishFields): NewJob | null | WishFault {
  if (access !== 'job') return null;
  const words = wordsOf(command);
  if (words === undefined) return { field: 'command', message: 'A quote in the command has no end.' };
  if (words.length === 0) return { field: 'command', message: 'Say what it runs, such as python3 train.py.' };
  const lines = env.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const wrong = lines.find((line) => !/^[A-Z_][A-Z0-9_]{0,99}=/.test(line));
  if (wrong !== undefined) return { field: 'env', message: `“${wrong.split('=')[0]}” is not a variable: write NAME=VALUE, one on each line.` };
  return { command: words, env: Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])), keepOpen };
}

/** The fields as the API takes them, or which of them cannot be read. */
export function wishOf(fields: WishFields): { readonly wish: Wish; readonly job: NewJob | null } | { readonly fault: WishFault } {
  const machines = whole(fields.machines);
  const gpus = fields.kind === 'gpu' ? whole(fields.gpus) : null;
  const minutes = fields.hours.trim() === '' ? null : minutesOf(fields.hours);
  const atMost = fields.atMost.trim() === '' ? null : parseMoney(fields.atMost);
  if (gpus === undefined) return { fault: { field: 'gpus', message: `“${fields.gpus}” is not a number of GPUs.` } };
  if (machines === undefined) return { fault: { field: 'machines', message: `“${fields.machines}” is not a number of machines.` } };
  if (minutes === undefined) return { fault: { field: 'hours', message: `“${fields.hours}” is not a number of hours, such as 8 or 1.5.` } };
  if (atMost === undefined || (atMost !== null && atMost <= 0n)) return { fault: { field: 'atMost', message: `“${fields.atMost}” is not an amount, such as 25 or 12.50.` } };
  if (fields.kind === 'gpu' && orNull(fields.gpu) !== null && orNull(fields.slice) !== null) return { fault: { field: 'slice', message: 'A slice is named by its profile: leave the kind of GPU empty, or the profile.' } };
  const job = jobOf(fields);
  if (job !== null && 'field' in job) return { fault: job };
  return { job, wish: {
    name: fields.name.trim() === '' ? 'lease' : fields.name.trim(), kind: fields.kind, gpus, machines, minutes, access: fields.access,
    gpu: fields.kind === 'gpu' ? orNull(fields.gpu) : null, slice: fields.kind === 'gpu' ? orNull(fields.slice) : null,
    macClass: fields.kind === 'mac' ? orNull(fields.macClass) : null, xcode: fields.kind === 'mac' ? orNull(fields.xcode) : null,
    pool: orNull(fields.pool), projectId: orNull(fields.project), atMost: atMost === null ? null : atMost.toString(),
    record: fields.record, volume: orNull(fields.volume),
  } };
}
