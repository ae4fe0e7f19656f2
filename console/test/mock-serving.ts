import type { ReplyOf } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';

type Shown = ReplyOf<'/api/servings/{id}', 'get'>;
type Serving = Shown['serving'];

const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const UUID = (last: number): string => `0192f0c1-7a00-7000-8000-00000000005${last}`;
const NO_TOKENS = { tokens: '0', busyCost: '0', idleCost: '0', busyMinutes: 0, idleMinutes: 0, charged: '0', perMillion: null };

function serving(projectId: string, more: Partial<Serving> & Pick<Serving, 'name' | 'model'>): Serving {
  return {
    id: id(), projectId, engine: 'vllm', contextTokens: 32_768, maxOutputTokens: 4_096, parallel: null, args: [], targetFirstTokenMs: 800, lease: { kind: 'gpu', gpus: 1, gpu: 'h100-80gb', memoryGb: null, slice: null, pool: null, labels: {} },
    min: 0, max: 4, idleMinutes: 10, cold: 'wait', atMost: null, askedBy: 'Ines Okafor', state: 'serving', reason: 'as many as are needed', wantedReplicas: 2, readyReplicas: 2, running: 41, waiting: 0, coldStartMs: 94_300, createdAt: ago(9_000), stoppedAt: null,
    money: {
      currency: 'USD', from: ago(9_000), tokens: '812400000', busyCost: '402000000000000', idleCost: '61000000000000', busyMinutes: 12_060, idleMinutes: 1_830, charged: '541200000000000',
      perMillion: { charged: '666174298375', occupancy: '569916297390', busy: '494830132939' },
    },
    ...more,
  };
}

/** Models that the stand-in serves from its machines. */
export function fullServings(projectId: string): Serving[] {
  return [
    serving(projectId, { name: 'team/llama-8b', model: 'meta-llama/Llama-3.1-8B-Instruct' }),
    serving(projectId, { name: 'team/nightly', model: '/models/big-70b', engine: 'llama-cpp', state: 'asleep', reason: 'nobody has called it for 10 minutes', wantedReplicas: 0, readyReplicas: 0, running: 0, coldStartMs: null, money: { currency: 'USD', from: ago(600), ...NO_TOKENS } }),
  ];
}

export function replicasOf({ state }: Serving): Shown['replicas'] {
  const figures = { running: 21, waiting: 0, ended: 9_100, cacheUse: 0.61, firstTokenSeconds: 1_900, firstTokens: 9_100 };
  const ready = { state: 'ready', wanted: 'run', reason: null, leaseId: UUID(7), nodeId: UUID(8), figures, askedAt: ago(300), leasedAt: ago(299), readyAt: ago(298), endedAt: null, coldStart: { leaseMs: 12_400, loadMs: 81_900, totalMs: 94_300 } } as const;
  const ended = { ...ready, id: UUID(1), number: 1, state: 'ended', wanted: 'drain', reason: 'fewer are enough', figures: null, endedAt: ago(120) } as const;
  return state === 'asleep' ? [ended] : [{ ...ready, id: UUID(3), number: 3 }, { ...ready, id: UUID(2), number: 2 }, ended];
}
