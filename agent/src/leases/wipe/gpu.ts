import { existsSync } from 'node:fs';
import type { RunCommand } from '../../machine/command.ts';
import type { Device } from '../gpus/devices.ts';

/** What became of a lease's GPUs. */
interface GpuLook {
  readonly found: string[];
  readonly evidence: string[];
  readonly unchecked: string[];
}

const FREED = 'it is freed by the driver, and was neither overwritten nor read back';

/**
 * Resets the whole NVIDIA cards that a lease had, once no program uses them, and says what can be told of all of them without a program on the
 * card. `nvidia-smi --gpu-reset` clears a card's state in hardware and software, and refuses while something has the card open or where
 * cards are linked (nvidia-smi(1)). From documentation: no card was at hand. @param devices none of an older server: then nobody knows which.
 */
export async function wipeGpus(devices: readonly Device[], run: RunCommand, hasGpus = existsSync('/dev/nvidiactl') || existsSync('/dev/kfd')): Promise<GpuLook> {
  const look: GpuLook = { found: [], evidence: [], unchecked: devices.length === 0 && hasGpus ? ['memory of GPUs'] : [] };
  for (const device of devices) {
    if (device.vendor === 'nvidia' && device.mig === null) await resetCard(device, run, look);
    else look.unchecked.push(`memory of ${device.unit} (${device.mig ?? device.uuid}): ${FREED}`);
  }
  return look;
}

async function resetCard({ unit, uuid }: Device, run: RunCommand, look: GpuLook): Promise<void> {
  const name = `${unit} (${uuid})`;
  // By the card's own id, since its place in the list may be another one by now; one line for each program (nvidia-smi --help-query-compute-apps).
  const { code, out } = await run('nvidia-smi', ['-i', uuid, '--query-compute-apps=pid', '--format=csv,noheader']);
  const pids = out.split('\n').flatMap((line) => /^\s*(\d+)\s*$/.exec(line)?.[1] ?? []);
  if (pids.length > 0) return void look.found.push(...pids.map((pid) => `process ${pid} uses ${name} still`));
  if (code !== 0) return void look.unchecked.push(`memory of ${name}: the card does not say who uses it; ${FREED}`);
  look.evidence.push(`no program uses ${name}`);
  const reset = await run('nvidia-smi', ['--gpu-reset', '-i', uuid]);
  if (reset.code === 0) look.evidence.push(`${name} was reset, which clears its state; its memory was not read back`);
  else look.unchecked.push(`memory of ${name}: the card could not be reset (${(reset.err || reset.out).trim().split('\n').at(-1)?.slice(0, 120) || 'no reason was given'}); ${FREED}`);
}
