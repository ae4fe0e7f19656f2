import { existsSync } from 'node:fs';
import type { RunCommand } from '../../machine/command.ts';

/** What of GPUs can be told without a program on the card: who uses it. What its memory holds is never read back here. */
export async function lookAtGpus(units: readonly string[], run: RunCommand, hasGpus = existsSync('/dev/nvidiactl') || existsSync('/dev/kfd')): Promise<{ found: string[]; evidence: string[]; unchecked: string[] }> {
  const cards = units.flatMap((unit) => /^gpu-(\d{1,2})$/.exec(unit)?.[1] ?? []);
  if (cards.length === 0) return { found: [], evidence: [], unchecked: hasGpus ? ['memory of GPUs'] : [] };
  const found: string[] = [];
  const evidence: string[] = [];
  for (const card of cards) {
    // One line for each program (nvidia-smi --help-query-compute-apps).
    const { code, out } = await run('nvidia-smi', ['-i', card, '--query-compute-apps=pid', '--format=csv,noheader']);
    const pids = out.split('\n').flatMap((line) => /^\s*(\d+)\s*$/.exec(line)?.[1] ?? []);
    if (code === 0 && pids.length === 0) evidence.push(`no program uses GPU ${card}`);
    found.push(...pids.map((pid) => `process ${pid} uses GPU ${card} still`));
  }
  return { found, evidence, unchecked: [`memory of the GPUs ${cards.join(', ')}: it is freed by the driver, and was neither overwritten nor read back`] };
}
