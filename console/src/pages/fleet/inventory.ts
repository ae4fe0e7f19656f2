/**
 * What a machine says of itself, made readable. All of it is a claim of that machine, of any form: what is not of the expected form is left
 * out here and stands in the whole text below it.
 */
type Claim = Readonly<Record<string, unknown>>;

export interface GpuClaim {
  readonly id: string;
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly duty: number | null;
  readonly temperatureC: number | null;
  readonly uncorrected: number | null;
  readonly driver: string | null;
  readonly slices: readonly string[];
}

const MOST_TEXT = 200;
const isClaim = (value: unknown): value is Claim => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value.slice(0, MOST_TEXT) : null);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.slice(0, 64) : []);

/** "64.0 GiB"; unknown is said, not zero. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return 'unknown';
  return bytes >= 2 ** 40 ? `${(bytes / 2 ** 40).toFixed(1)} TiB` : bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** Of files: the smallest unit that makes no long number. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : bytes < 1e12 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e12).toFixed(2)} TB`;
}

/** Names and values for a page, without the GPUs. */
export function inventoryFacts(inventory: Claim): (readonly [string, string])[] {
  const facts: (readonly [string, string])[] = [];
  const add = (name: string, value: string | null): void => {
    if (value !== null) facts.push([name, value]);
  };
  const { os, cpu, disk, apple } = inventory;
  add('Host name', text(inventory['hostname']));
  if (isClaim(os)) add('System', text(os['name']) ?? ([text(os['kind']), text(os['release'])].filter((part) => part !== null).join(' ') || null));
  if (isClaim(cpu)) add('CPU', [text(cpu['model']), number(cpu['cores']) === null ? null : `${number(cpu['cores'])} cores`].filter((part) => part !== null).join(', ') || null);
  if (number(inventory['memoryBytes']) !== null) add('Memory', bytesText(number(inventory['memoryBytes'])));
  if (isClaim(disk)) add('Disk', `${bytesText(number(disk['freeBytes']))} free of ${bytesText(number(disk['bytes']))}`);
  if (isClaim(apple)) {
    add('Chip', text(apple['chip']));
    add('macOS', text(apple['macos']));
    add('Xcode', list(apple['xcodes']).flatMap((one) => (isClaim(one) ? [text(one['version'])] : [])).filter((version) => version !== null).join(', ') || null);
    add('FileVault', apple['fileVault'] === true ? 'on' : apple['fileVault'] === false ? 'off' : 'unknown');
    add('SIP', apple['sip'] === true ? 'on' : apple['sip'] === false ? 'off' : 'unknown');
  }
  add('Network', list(inventory['network']).flatMap((one) => (isClaim(one) ? [text(one['name'])] : [])).filter((name) => name !== null).join(', ') || null);
  return facts;
}

export function gpuClaims(inventory: Claim): GpuClaim[] {
  return list(inventory['gpus']).filter(isClaim).map((gpu, index) => ({
    id: text(gpu['uuid']) ?? String(index), name: text(gpu['name']) ?? 'unknown', memoryBytes: number(gpu['memoryBytes']), duty: number(gpu['duty']), temperatureC: number(gpu['temperatureC']),
    uncorrected: isClaim(gpu['ecc']) ? number(gpu['ecc']['uncorrected']) : null, driver: text(gpu['driver']),
    slices: list(gpu['migDevices']).flatMap((slice) => (isClaim(slice) ? [text(slice['profile'])] : [])).filter((profile) => profile !== null),
  }));
}
