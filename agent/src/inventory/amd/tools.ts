import type { RunCommand } from '../../machine/command.ts';
import { figure } from '../card.ts';

/** What one of AMD's tools says of a card or partition. */
export interface Told {
  /** The kernel's own name for it (`kfd_id`, `GUID`); null: the tool is older. */
  readonly gpuId: number | null;
  readonly uniqueId: string | null;
  readonly name: string | null;
  readonly driver: string | null;
  readonly memoryBytes: number | null;
  readonly usedBytes: number | null;
  readonly duty: number | null;
  readonly temperatureC: number | null;
}

/** Which tool answered, and what; `tool` null: neither is there, or none knew a card. */
export interface Tools {
  readonly tool: 'amd-smi' | 'rocm-smi' | null;
  readonly told: readonly Told[];
}

type Fields = Readonly<Record<string, unknown>>;

const MIB = 1_048_576;

/** amd-smi, and where it is not there rocm-smi, which it follows. */
export async function askTools(run: RunCommand): Promise<Tools> {
  const [list, fixed, now] = await Promise.all([
    run('amd-smi', ['list', '--json']), run('amd-smi', ['static', '--asic', '--driver', '--json']), run('amd-smi', ['metric', '--usage', '--temperature', '--mem-usage', '--json']),
  ]);
  const told = list.code === null ? [] : readAmdSmi(list.out, fixed.out, now.out);
  if (told.length > 0) return { tool: 'amd-smi', told };
  const rocm = await run('rocm-smi', ['--showproductname', '--showuniqueid', '--showuse', '--showtemp', '--showmeminfo', 'vram', '--showdriverversion', '--json']);
  const older = rocm.code === null ? [] : readRocmSmi(rocm.out).map(({ told: one }) => one);
  return { tool: older.length > 0 ? 'rocm-smi' : null, told: older };
}

/**
 * `amd-smi list`, `static --asic --driver` and `metric --usage --temperature --mem-usage`, each with `--json`: a list with one object for each card or
 * partition, in ROCm 7 below `gpu_data`. Figures are `{ value, unit }`, what is not there is `N/A` (amdsmi_cli of ROCm 6.2 to 7.14).
 */
export function readAmdSmi(list: string, fixed: string, now: string): Told[] {
  const [statics, metrics] = [rowsOf(fixed), rowsOf(now)];
  return rowsOf(list).map((row) => {
    const same = (rows: readonly Fields[]): Fields => rows.find(({ gpu }) => gpu === row['gpu']) ?? {};
    const [asic, driver] = [fieldsOf(same(statics)['asic']), fieldsOf(same(statics)['driver'])];
    const [usage, heat, memory] = [fieldsOf(same(metrics)['usage']), fieldsOf(same(metrics)['temperature']), fieldsOf(same(metrics)['mem_usage'])];
    return {
      gpuId: figure(row['kfd_id']), uniqueId: idOf(asic['asic_serial']), name: wordsOf(asic['market_name']), driver: wordsOf(driver['version']), memoryBytes: bytesOf(memory['total_vram']), usedBytes: bytesOf(memory['used_vram']),
      duty: valueOf(usage['gfx_activity']), temperatureC: valueOf(heat['hotspot']) ?? valueOf(heat['edge']),
    };
  });
}

/** `rocm-smi --json`: one object for each card, all values as texts. Field names differ in case between versions. @returns with the number that the tool has for it. */
export function readRocmSmi(text: string): { readonly number: number; readonly bus: string | null; readonly told: Told }[] {
  const cards = fieldsOf(parsed(text));
  const driver = textIn(cards['system'], 'driver version');
  return Object.entries(cards).flatMap(([name, card]) => {
    const number = /^card(\d+)$/.exec(name)?.[1];
    if (number === undefined) return [];
    const [memoryBytes, usedBytes] = [figure(textIn(card, 'vram total memory (b)')), figure(textIn(card, 'vram total used memory (b)'))];
    return [{ number: Number(number), bus: textIn(card, 'pci bus')?.toLowerCase() ?? null, told: {
      gpuId: figure(textIn(card, 'guid')), uniqueId: idOf(textIn(card, 'unique id')), name: textIn(card, 'card series') ?? textIn(card, 'device name'), driver, memoryBytes, usedBytes,
      duty: figure(textIn(card, 'gpu use (%)')), temperatureC: figure(textIn(card, 'temperature (sensor junction) (c)') ?? textIn(card, 'temperature (sensor edge) (c)')),
    } }];
  });
}

function rowsOf(text: string): Fields[] {
  const said = parsed(text);
  const rows: unknown = Array.isArray(said) ? said : fieldsOf(said)['gpu_data'];
  return Array.isArray(rows) ? rows.map(fieldsOf).filter(({ gpu }) => typeof gpu === 'number') : [];
}

/** Both tools may print a line of words before it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.slice(Math.max(0, text.search(/[[{]/))));
  } catch {
    return null;
  }
}

function valueOf(said: unknown): number | null {
  return figure(typeof said === 'object' && said !== null ? fieldsOf(said)['value'] : said);
}

/** amd-smi counts memory in what it calls MB, which are MiB. */
function bytesOf(said: unknown): number | null {
  const mib = valueOf(said);
  return mib === null ? null : mib * MIB;
}

/** As the runtime writes it: hexadecimal, without zeros in front. */
function idOf(said: unknown): string | null {
  const digits = typeof said === 'string' ? /^(?:0x)?0*([0-9a-f]{1,16})$/i.exec(said)?.[1] : undefined;
  return digits?.toLowerCase() ?? null;
}

function wordsOf(said: unknown): string | null {
  return typeof said === 'string' && said !== '' && said !== 'N/A' ? said : null;
}

function textIn(card: unknown, field: string): string | null {
  return wordsOf(Object.entries(fieldsOf(card)).find(([name]) => name.toLowerCase() === field)?.[1]);
}

function fieldsOf(said: unknown): Fields {
  return typeof said === 'object' && said !== null && !Array.isArray(said) ? (said as Fields) : {};
}
