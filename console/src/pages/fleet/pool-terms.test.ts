import { expect, it } from 'vitest';
import { changesOf, fieldsOf, lineOf } from './pool-terms.ts';
import type { Pool } from './states.ts';

const pool: Pool = { id: null, name: 'gpus', own: true, kinds: [], resources: [], openTo: 'own', leastDay: 'others', idleMinutes: 240, record: false, resource: 'gpu/h100-80gb', limits: { cpus: 4, memoryMb: null, processes: null, diskMb: null }, network: 'internet', networkAllow: ['10.1.0.0/16'], resolvers: [], ranksNetwork: null, machines: { all: 0, leased: 0, idle: 0, wiping: 0, closed: 0 }, units: { all: 0, leased: 0 }, standIn: false };

it('sends what was changed and nothing else', () => {
  const fields = fieldsOf(pool);
  expect(fields).toMatchObject({ idleHours: '4', allow: '10.1.0.0/16', cpus: '4', memoryMb: '' });
  expect(changesOf(fields, pool)).toEqual({ terms: {} });
  const read = changesOf({ ...fields, network: 'none', allow: '', resolvers: '10.0.0.2 , 10.0.0.3', ranksNetwork: ' 10.4.0.0/16', idleHours: '', resource: ' ', memoryMb: '65536', record: true }, pool);
  expect(read).toEqual({ terms: { network: 'none', networkAllow: [], resolvers: ['10.0.0.2', '10.0.0.3'], ranksNetwork: '10.4.0.0/16', idleMinutes: null, resource: null, record: true, limits: { cpus: 4, memoryMb: 65_536, processes: null, diskMb: null } } });
  expect('terms' in read && lineOf(read.terms)).toEqual({ network: 'none', allow: 'none', resolvers: '10.0.0.2,10.0.0.3', 'ranks-network': '10.4.0.0/16', idle: 'never', resource: 'none', record: 'always', cpus: '4', 'memory-mb': '65536', processes: 'share', 'disk-mb': 'share' });
});

it('says what it cannot read', () => {
  for (const wrong of [{ idleHours: 'long' }, { cpus: 'many' }, { cpus: '0' }, { memoryMb: '1.5' }, { processes: '-1' }, { diskMb: 'x' }]) expect(changesOf({ ...fieldsOf(pool), ...wrong }, pool)).toHaveProperty('fault');
});
