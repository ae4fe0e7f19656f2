import type { ReplyOf, Schemas } from '../src/api/client.ts';
import { MONTH, NOW } from './mock-data.ts';
import type { World } from './mock-data.ts';

const sum = (values: readonly string[]): bigint => values.reduce((total, value) => total + BigInt(value), 0n);

export function bill(world: World, month: string): Schemas['Bill'] {
  const lines = month === MONTH ? world.lines : [];
  const total = sum(lines.map(({ charge }) => charge));
  const applied = total > 7_549_882_000_000n ? 7_549_882_000_000n : 0n;
  return {
    month, currency: 'USD', total: total.toString(), cost: null, margin: null, machine: total === 0n ? '0' : '4120000000', requests: sum(lines.map(({ requests }) => requests)).toString(), lines, state: 'open', invoiceNumber: null, credits: { applied: applied.toString(), available: total === 0n ? '0' : '12450118000000' }, adjustments: '0', due: (total - applied).toString(),
    postedThrough: new Date(NOW - 1400).toISOString(), rounding: 'Quantity times price is rounded once per line, half to even, to a whole picodollar.',
  };
}

export function overview(world: World): ReplyOf<'/api/overview', 'get'> {
  const { total, requests } = bill(world, MONTH);
  const add = (bucket: 'input' | 'cache_read' | 'output'): string => sum(world.lines.map(({ quantities }) => quantities[bucket] ?? '0')).toString();
  const shares = [31, 44, 40, 52, 58, 22, 18, 47, 61, 55, 49, 60, 24, 20, 66, 71, 52, 58, 63, 26, 22, 78, 43].map(BigInt);
  const whole = shares.reduce((all, part) => all + part, 0n);
  const spend = BigInt(total);
  const byModel = new Map<string, { spend: bigint; requests: bigint }>();
  for (const line of world.lines) {
    const before = byModel.get(line.resource) ?? { spend: 0n, requests: 0n };
    byModel.set(line.resource, { spend: before.spend + BigInt(line.charge), requests: before.requests + BigInt(line.requests) });
  }
  const none = requests === '0';
  return {
    month: MONTH, currency: 'USD', spend: total, forecast: none ? null : ((spend * 30n * 100n) / 2260n).toString(), cost: null, margin: null, requests, failed: none ? '0' : '214', tokens: { input: add('input'), cacheRead: add('cache_read'), output: add('output') },
    daily: none ? [] : shares.map((part, index) => ({ day: `2026-11-${String(index + 1).padStart(2, '0')}`, spend: ((spend * part) / whole).toString(), requests: ((BigInt(requests) * part) / whole).toString() })),
    models: [...byModel].map(([resource, part]) => ({ resource, spend: part.spend.toString(), requests: part.requests.toString() })).sort((a, b) => (BigInt(a.spend) < BigInt(b.spend) ? 1 : -1)),
    health: { state: world.problems.length === 0 ? 'pass' : 'warn', problems: world.problems }, firstTokenMs: none ? { p50: null, p95: null, calls: 0 } : { p50: 84, p95: 412, calls: 9120 },
  };
}
