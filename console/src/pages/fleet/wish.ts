import type { BodyOf } from '../../api/client.ts';
import { parseMoney } from '../../lib/money.ts';

export type Wish = BodyOf<'/api/leases/quote', 'post'>;

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
}

export const NO_WISH: WishFields = { name: '', kind: 'gpu', gpus: '1', gpu: '', slice: '', macClass: '', xcode: '', pool: '', machines: '1', access: 'shell', hours: '1', atMost: '', project: '' };

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

/** The fields as the API takes them, or which of them cannot be read. */
export function wishOf(fields: WishFields): { readonly wish: Wish } | { readonly fault: WishFault } {
  const machines = whole(fields.machines);
  const gpus = fields.kind === 'gpu' ? whole(fields.gpus) : null;
  const minutes = fields.hours.trim() === '' ? null : minutesOf(fields.hours);
  const atMost = fields.atMost.trim() === '' ? null : parseMoney(fields.atMost);
  if (gpus === undefined) return { fault: { field: 'gpus', message: `“${fields.gpus}” is not a number of GPUs.` } };
  if (machines === undefined) return { fault: { field: 'machines', message: `“${fields.machines}” is not a number of machines.` } };
  if (minutes === undefined) return { fault: { field: 'hours', message: `“${fields.hours}” is not a number of hours, such as 8 or 1.5.` } };
  if (atMost === undefined || (atMost !== null && atMost <= 0n)) return { fault: { field: 'atMost', message: `“${fields.atMost}” is not an amount, such as 25 or 12.50.` } };
  return { wish: {
    name: fields.name.trim() === '' ? 'lease' : fields.name.trim(), kind: fields.kind, gpus, machines, minutes, access: fields.access,
    gpu: fields.kind === 'gpu' ? orNull(fields.gpu) : null, slice: fields.kind === 'gpu' ? orNull(fields.slice) : null,
    macClass: fields.kind === 'mac' ? orNull(fields.macClass) : null, xcode: fields.kind === 'mac' ? orNull(fields.xcode) : null,
    pool: orNull(fields.pool), projectId: orNull(fields.project), atMost: atMost === null ? null : atMost.toString(),
  } };
}
