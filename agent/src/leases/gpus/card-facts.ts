import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { amdCards } from '../../inventory/amd/kfd.ts';
import type { RunCommand } from '../../machine/command.ts';
import type { CardFacts, Device } from './devices.ts';

const CAPABILITIES = '/proc/driver/nvidia/capabilities';

/** What this machine says of the cards that are asked for; tools of vendors that nobody asks for are not run. */
export async function cardFacts(devices: readonly Device[], run: RunCommand): Promise<CardFacts> {
  const nvidia = devices.some(({ vendor }) => vendor === 'nvidia');
  const [query, list] = nvidia ? await Promise.all([run('nvidia-smi', ['-q', '-x']), run('nvidia-smi', ['-L'])]) : [undefined, undefined];
  return { query: query?.out ?? '', list: list?.out ?? '', capability: (path) => textOf(join(CAPABILITIES, path)), amd: devices.some(({ vendor }) => vendor === 'amd') ? amdCards() : [] };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
