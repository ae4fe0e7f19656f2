import { existsSync } from 'node:fs';
import { AT_A_TIME, atATime } from '../../machine/at-a-time.ts';
import type { Device } from '../gpus/devices.ts';
import { settleAmd } from './amd.ts';
import type { Canaries } from './canary.ts';
import { idOf, lookInCard, type MemoryLook } from './card-memory.ts';
import { FREED, NOT_TO_BE_RESET, type Machine, type Notes } from './machine.ts';

/** What became of a lease's GPUs. */
interface GpuLook extends MemoryLook {
  /** What of `found` are canaries. */
  readonly canaries: readonly string[];
}

/**
 * Resets the whole cards that a lease had, once no program uses them, and then looks for the canaries in the memory of cards and slices and overwrites
 * it. Tried on an H200 but for the reset, which is from documentation. @param devices none of an older server: then nobody knows which.
 */
export async function wipeGpus(devices: readonly Device[], canaries: Canaries | undefined, machine: Machine, hasGpus = existsSync('/dev/nvidiactl') || existsSync('/dev/kfd')): Promise<GpuLook> {
  const notes: Notes = { found: [], evidence: [], unchecked: devices.length === 0 && hasGpus ? ['memory of GPUs'] : [] };
  const quiet: Device[] = [];
  const fresh = new Set<string>();
  for (const device of devices) {
    const name = `${device.unit} (${idOf(device)})`;
    if (await (device.vendor === 'amd' ? settleAmd(device, name, machine, notes, fresh) : settleNvidia(device, name, machine, notes))) quiet.push(device);
  }
  // After all resets: cards may be linked. Each has a way of its own to its memory.
  const looks = await atATime(quiet, AT_A_TIME, (device) => lookInCard(device, canaries?.token ?? '', canaries?.cards?.find(({ id }) => id === idOf(device)), machine.run, machine.root));
  const inMemory = looks.flatMap((look) => look.found);
  for (const device of quiet.filter(({ vendor, mig }) => vendor === 'nvidia' && mig === null)) notes.found.push(...(await usersOf(device, machine)).pids.map((pid) => `process ${pid} began to use ${device.unit} (${idOf(device)}) meanwhile`));
  return { found: [...notes.found, ...inMemory], evidence: [...notes.evidence, ...looks.flatMap((look) => look.evidence)], unchecked: [...notes.unchecked, ...looks.flatMap((look) => look.unchecked)], canaries: inMemory };
}

/**
 * Whether nobody uses the card, so that its memory can be looked at. `nvidia-smi --gpu-reset` clears a card's state in hardware and software, and
 * refuses while something has the card open or where cards are linked (nvidia-smi(1)).
 */
async function settleNvidia({ uuid, mig }: Device, name: string, { run, mayReset = true }: Machine, { found, evidence, unchecked }: Notes): Promise<boolean> {
  // Only whole cards can be reset; a slice's memory is overwritten all the same.
  if (mig !== null) return true;
  const { code, pids } = await usersOf({ uuid }, { run });
  found.push(...pids.map((pid) => `process ${pid} uses ${name} still`));
  if (pids.length > 0) return false;
  if (code !== 0) {
    unchecked.push(`memory of ${name}: the card does not say who uses it; ${FREED} or read back`);
    return false;
  }
  evidence.push(`no program uses ${name}`);
  const reset = mayReset ? await run('nvidia-smi', ['--gpu-reset', '-i', uuid]) : { code: null, out: NOT_TO_BE_RESET, err: '' };
  if (reset.code === 0) evidence.push(`${name} was reset, which clears its state`);
  else unchecked.push(`${name} could not be reset (${(reset.err || reset.out).trim().split('\n').at(-1)?.slice(0, 120) || 'no reason was given'})`);
  return true;
}

/** By the card's own id, since its place in the list may be another one by now; one line for each program (nvidia-smi --help-query-compute-apps). */
async function usersOf({ uuid }: Pick<Device, 'uuid'>, { run }: Pick<Machine, 'run'>): Promise<{ readonly code: number | null; readonly pids: readonly string[] }> {
  const { code, out } = await run('nvidia-smi', ['-i', uuid, '--query-compute-apps=pid', '--format=csv,noheader']);
  return { code, pids: out.split('\n').flatMap((line) => /^\s*(\d+)\s*$/.exec(line)?.[1] ?? []) };
}
