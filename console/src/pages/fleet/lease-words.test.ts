import { expect, it } from 'vitest';
import { boundsText, leaseLead, lossText, waitText, whatText } from './lease-words.ts';
import type { Lease } from './states.ts';

const NOW = Date.parse('2026-11-23T14:20:00Z');
const lease: Lease = {
  id: '1', name: 'train', projectId: 'p', askedBy: 'Ines', access: 'shell', state: 'running', reason: null, wait: null, pool: 'default', resource: 'h100-80gb', count: 2, leastDay: false,
  machines: [{ machineId: 'm', units: ['gpu-0'], stage: 'running', bounds: null }], startsAt: null, startedAt: null, endsAt: '2026-11-23T16:20:00Z', paidUntil: '2026-11-23T14:50:00Z', stoppedAt: null, endedAt: null, createdAt: '2026-11-23T14:00:00Z',
  minutes: { asked: 120, paid: 20, outOfReach: 0 }, cost: { currency: 'USD', soFar: '2500000000000', booked: '0', atEnd: '9000000000000', thisMonth: '9000000000000', atMost: null }, moneyShort: false, record: false, volumeId: null, job: null,
};
const nobody = (): undefined => undefined;

it('says the state of a lease with what follows from it', () => {
  expect(whatText(lease)).toBe('2 × h100-80gb');
  expect(leaseLead(lease, nobody, NOW)).toBe('train runs and ends in 2 hours; it has cost $2.50.');
  expect(leaseLead({ ...lease, moneyShort: true }, nobody, NOW)).toBe('train ends in 30 min: no more money could be set aside.');
  expect(leaseLead({ ...lease, state: 'ended', reason: 'its time was over' }, nobody, NOW)).toBe('train has ended: its time was over; it cost $2.50.');
  expect(leaseLead({ ...lease, state: 'granting', reason: 'its machine is out of reach' }, nobody, NOW)).toBe('train is being started: its machine is out of reach.');
  expect(leaseLead({ ...lease, reason: 'its machine is out of reach' }, nobody, NOW)).toBe('train runs and ends in 2 hours; it has cost $2.50. Just now its machine is out of reach.');
  const reserved: Lease = { ...lease, state: 'reserved', startsAt: '2026-11-23T16:20:00Z' };
  expect(leaseLead(reserved, nobody, NOW)).toBe('train begins in 2 hours; nothing is paid until then.');
  expect(leaseLead({ ...reserved, reason: 'its machine takes no lease now', wait: { code: 'closed', holders: [], forecastAt: null } }, nobody, NOW)).toBe('train begins in 2 hours; nothing is paid until then. Just now: its machine takes no lease now; nothing says until when.');
  expect(leaseLead({ ...lease, state: 'ended', endsAt: null }, nobody, NOW)).toBe('train has ended; it cost $2.50.');
});

it('says on whom a lease waits and until when', () => {
  const waiting: Lease = { ...lease, state: 'waiting', reason: 'all 4 machines of that kind are in use', wait: { code: 'busy', holders: ['a', 'b'], forecastAt: '2026-11-23T15:20:00Z' }, machines: [] };
  expect(leaseLead(waiting, (id) => ({ a: 'nightly' })[id], NOW)).toBe('train waits: all 4 machines of that kind are in use; nightly, b have it; about in 1 hour.');
  expect(waitText({ ...waiting, wait: { code: 'none-fits', holders: [], forecastAt: null }, reason: null }, nobody, NOW)).toBe('none fits; nothing says until when');
  expect(lossText(waiting)).toContain('nothing is lost');
  expect(lossText(lease)).toContain('every file in it is lost');
});

it('what a lease may use and reach is said with what its machine could not do', () => {
  const bounds = { limits: { cpuMillis: 7_875, memoryBytes: 136_902_082_560, processes: 2_048, diskBytes: null }, network: 'loopback' as const, resolvers: [], unbound: [{ what: 'disk', why: 'mkfs.ext4 is not there' }] };
  const machine = { machineId: 'm', units: ['gpu-0'], stage: 'granted' };
  expect(boundsText({ ...machine, bounds })).toEqual({ use: '7.9 cores, 136.9 GB of memory, 2,048 processes', reach: 'itself alone', unbound: ['disk: mkfs.ext4 is not there'] });
  expect(boundsText({ ...machine, bounds: { ...bounds, limits: { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: 5e8 } } })).toMatchObject({ use: '500 MB of disk' });
  expect(boundsText({ ...machine, bounds: null })).toBeUndefined();
});
