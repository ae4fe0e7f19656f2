import { usageError } from '../cli-error.ts';
import type { Reply } from '../client/client.ts';
import type { components } from '../client/schema.ts';
import type { Input } from '../command.ts';
import { countText } from '../output/text.ts';
import { oneOf } from './keys.ts';

type Machine = components['schemas']['Lease']['machines'][number];
type Pool = Reply<'/api/pools', 'GET'>['items'][number];
type Terms = Partial<Pick<Pool, 'limits' | 'network' | 'networkAllow' | 'resolvers' | 'ranksNetwork'>>;

/** What a lease may use and reach on a machine, and what of it the machine could not do. */
export function boundsLines({ bounds }: Machine): string[] {
  if (bounds === null) return [];
  const { limits: { cpuMillis, memoryBytes, processes, diskBytes }, network, unbound } = bounds;
  const parts = [
    cpuMillis === null ? null : `${(cpuMillis / 1_000).toFixed(1).replace(/\.0$/, '')} cores`, memoryBytes === null ? null : `${gigabytes(memoryBytes)} of memory`,
    processes === null ? null : `${countText(processes)} processes`, diskBytes === null ? null : `${gigabytes(diskBytes)} of disk`,
  ].filter((part) => part !== null);
  return [
    `may use    ${parts.length === 0 ? 'all of the machine' : parts.join(', ')}`,
    `reaches    ${network === 'internet' ? 'the internet' : 'itself alone'}`,
    ...unbound.map(({ what, why }) => `unbound    ${what}: ${why}`),
  ];
}

/** What `pools set` says of limits and networks. */
export function reachOptions(options: Input['options'], before: Pool['limits']): Terms {
  const number = (given: unknown, where: string): number | null => {
    if (given === 'share') return null;
    if (typeof given !== 'string' || !/^\d{1,9}(?:\.\d{1,3})?$/.test(given)) throw usageError(`${where} is not a number: ${String(given)}`, `Write it like ${where} 4, or ${where} share for the share of the machine.`);
    return Number(given);
  };
  const given = ([['cpus', '--cpus'], ['memoryMb', '--memory-mb'], ['processes', '--processes'], ['diskMb', '--disk-mb']] as const).filter(([name]) => options[name] !== undefined);
  const limits = { cpus: null, memoryMb: null, processes: null, diskMb: null, ...before, ...Object.fromEntries(given.map(([name, where]) => [name, number(options[name], where)])) };
  const list = (text: unknown): string[] => (typeof text !== 'string' || text === 'none' ? [] : text.split(',').map((one) => one.trim()));
  return {
    ...(given.length > 0 && { limits }), ...(options['network'] !== undefined && { network: oneOf(options['network'], ['internet', 'none'], '--network') }),
    ...(options['allow'] !== undefined && { networkAllow: list(options['allow']) }), ...(options['resolvers'] !== undefined && { resolvers: list(options['resolvers']) }),
    ...(typeof options['ranksNetwork'] === 'string' && { ranksNetwork: options['ranksNetwork'] === 'none' ? null : options['ranksNetwork'] }),
  };
}

export function poolReachText({ limits, network, networkAllow, ranksNetwork }: Pool): string {
  const said = Object.entries(limits ?? {}).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${value}`);
  return `${said.length === 0 ? 'Its leases have their share of their machine' : `Each unit has ${said.join(', ')}`} and reach ${network === 'none' ? 'themselves alone' : `the internet${networkAllow.length === 0 ? '' : ` and ${networkAllow.join(', ')}`}`}.${ranksNetwork === null ? '' : ` Machines of one job talk directly over ${ranksNetwork}: what they say is not encrypted, and whoever sits on that network can read and change it.`}`;
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
