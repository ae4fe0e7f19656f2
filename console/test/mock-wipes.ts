import type { ReplyOf } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';
import { HOSTILE } from './mock-fleet.ts';

type LeaseWipe = ReplyOf<'/api/leases/{id}/wipe-certificates', 'get'>['items'][number];
type Wipe = ReplyOf<'/api/nodes/{id}/wipes', 'get'>['items'][number];

const wipe = (hoursAgo: number, more: Partial<Wipe> = {}): Wipe => ({
  id: id(), machineId: id(), clean: true, by: 'agent', method: 'reset',
  evidence: ['no process of its user is left', '8 canaries were planted when the lease began (home, key file, process, /tmp); none was found in processes, nor in files of /tmp, /var/tmp', 'its folder with files and keys is gone'],
  unchecked: ['memory of the GPUs 4: it is freed by the driver, and was neither overwritten nor read back', 'the blocks of the disk were freed and not overwritten'],
  canaries: { planted: ['home', 'key file', 'process', '/tmp', '/var/tmp', '/dev/shm', '/run/lock', 'shared memory of the sandbox'], found: [] }, versions: { agent: '0.1.0', kernel: '6.8.0', sandbox: 'bubblewrap 0.8.0' },
  beganAt: new Date(NOW - hoursAgo * 3_600_000 - 4_000).toISOString(), endedAt: new Date(NOW - hoursAgo * 3_600_000).toISOString(), keyId: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', certificate: 'eyJhbGciOiJFZERTQSJ9.e30.AAAA', ...more,
});

/** Wipes of the stand-in. One machine says hostile things. */
export const wipesOfNode = ({ name }: { readonly name: string }): Wipe[] => (name === 'gpu-1' ? [wipe(2), wipe(30), wipe(50, { clean: false, evidence: [HOSTILE], canaries: { planted: ['home'], found: [HOSTILE] } })] : []);
export const wipesOfLease = ({ state }: { readonly state: string }): LeaseWipe[] => (state === 'waiting' ? [] : [...(state === 'ended' ? [{ ...wipe(1), of: 'this' as const }] : []), { ...wipe(30), of: 'before' as const }]);
