import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunCommand } from '../../machine/command.ts';
import type { CardFacts, Device } from './devices.ts';

const CAPABILITIES = '/proc/driver/nvidia/capabilities';
const RENDER = '/sys/class/drm';

/** What this machine says of the cards that are asked for; tools of vendors that nobody asks for are not run. */
export async function cardFacts(devices: readonly Device[], run: RunCommand): Promise<CardFacts> {
  const nvidia = devices.some(({ vendor }) => vendor === 'nvidia');
  const [query, list] = nvidia ? await Promise.all([run('nvidia-smi', ['-q', '-x']), run('nvidia-smi', ['-L'])]) : [undefined, undefined];
  return { query: query?.out ?? '', list: list?.out ?? '', capability: (path) => textOf(join(CAPABILITIES, path)), render: renderNodes() };
}

function renderNodes(): ReadonlyMap<string, string> {
  try {
    const nodes = readdirSync(RENDER).filter((name) => /^renderD\d+$/.test(name));
    return new Map(nodes.map((name) => [`/dev/dri/${name}`, textOf(join(RENDER, name, 'device/unique_id')).trim()]));
  } catch {
    return new Map();
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
