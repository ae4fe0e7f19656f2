import type { BodyOf } from '../../api/client.ts';
import type { Pool } from './states.ts';
import { minutesOf } from './wish.ts';

type Terms = NonNullable<BodyOf<'/api/pools/{id}', 'patch'>>;
type Limits = NonNullable<Pool['limits']>;

/** The terms of a pool as they stand in fields; an empty one is what the API calls null. */
export interface PoolFields {
  readonly openTo: Pool['openTo'];
  readonly leastDay: Pool['leastDay'];
  readonly network: Pool['network'];
  readonly record: boolean;
  readonly resource: string;
  readonly idleHours: string;
  readonly allow: string;
  readonly resolvers: string;
  readonly ranksNetwork: string;
  readonly cpus: string;
  readonly memoryMb: string;
  readonly processes: string;
  readonly diskMb: string;
}

const LIMITS = ['cpus', 'memoryMb', 'processes', 'diskMb'] as const;
const LIMIT_WORDS: Readonly<Record<(typeof LIMITS)[number], string>> = { cpus: 'cores', memoryMb: 'MB of memory', processes: 'processes', diskMb: 'MB of disk' };
const listOf = (text: string): string[] => text.split(',').map((one) => one.trim()).filter((one) => one !== '');
const figure = (value: number | null | undefined): string => (value === null || value === undefined ? '' : String(value));

export function fieldsOf({ openTo, leastDay, network, record, resource, idleMinutes, networkAllow, resolvers, ranksNetwork, limits }: Pool): PoolFields {
  return {
    openTo, leastDay, network, record, resource: resource ?? '', idleHours: idleMinutes === null ? '' : String(Number((idleMinutes / 60).toFixed(2))), allow: networkAllow.join(', '), resolvers: resolvers.join(', '), ranksNetwork: ranksNetwork ?? '',
    cpus: figure(limits?.cpus), memoryMb: figure(limits?.memoryMb), processes: figure(limits?.processes), diskMb: figure(limits?.diskMb),
  };
}

/** What a person has changed of a pool, as the API takes it, or why it cannot be read. */
export function changesOf(fields: PoolFields, pool: Pool): { readonly terms: Terms } | { readonly fault: string } {
  const before = fieldsOf(pool);
  const changed = (name: keyof PoolFields): boolean => fields[name] !== before[name];
  const idle = fields.idleHours.trim() === '' ? null : minutesOf(fields.idleHours);
  if (idle === undefined) return { fault: `“${fields.idleHours}” is not a number of hours, such as 4 or 0.5.` };
  const limits: Record<string, number | null> = {};
  for (const name of LIMITS) {
    const text = fields[name].trim();
    if (!(name === 'cpus' ? /^(\d{1,4}(\.\d{1,3})?)?$/ : /^\d{0,12}$/).test(text) || Number(text || 1) === 0) return { fault: `“${text}” is not a number of ${LIMIT_WORDS[name]}.` };
    limits[name] = text === '' ? null : Number(text);
  }
  return { terms: {
    ...(changed('openTo') && { openTo: fields.openTo }), ...(changed('leastDay') && { leastDay: fields.leastDay }), ...(changed('network') && { network: fields.network }), ...(changed('record') && { record: fields.record }),
    ...(changed('resource') && { resource: fields.resource.trim() === '' ? null : fields.resource.trim() }), ...(changed('idleHours') && { idleMinutes: idle }),
    ...(changed('allow') && { networkAllow: listOf(fields.allow) }), ...(changed('resolvers') && { resolvers: listOf(fields.resolvers) }),
    ...(changed('ranksNetwork') && { ranksNetwork: fields.ranksNetwork.trim() === '' ? null : fields.ranksNetwork.trim() }),
    ...(LIMITS.some(changed) && { limits: limits as unknown as Limits }),
  } };
}

/** The same as options of `tandem pools set`. */
export function lineOf({ openTo, leastDay, network, record, resource, idleMinutes, networkAllow, resolvers, ranksNetwork, limits }: Terms): Record<string, string | undefined> {
  const listed = (list: readonly string[] | undefined): string | undefined => (list === undefined ? undefined : list.join(',') || 'none');
  const share = (value: number | null | undefined): string | undefined => (limits ? (value === null || value === undefined ? 'share' : String(value)) : undefined);
  return {
    'open-to': openTo, 'least-day': leastDay, network, record: record === undefined ? undefined : record ? 'always' : 'when-asked', resource: resource === undefined ? undefined : resource ?? 'none',
    idle: idleMinutes === undefined ? undefined : idleMinutes === null ? 'never' : `${idleMinutes}m`, allow: listed(networkAllow), resolvers: listed(resolvers), 'ranks-network': ranksNetwork === undefined ? undefined : ranksNetwork ?? 'none',
    cpus: share(limits?.cpus), 'memory-mb': share(limits?.memoryMb), processes: share(limits?.processes), 'disk-mb': share(limits?.diskMb),
  };
}
