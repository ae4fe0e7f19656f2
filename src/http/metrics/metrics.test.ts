import { expect, it } from 'vitest';
import { Metrics } from './metrics.ts';

it('shows each target\'s breaker and each key, and forgets those that are gone', async () => {
  const metrics = new Metrics();
  let targets = [{ backend: 'gpu', model: 'big', breaker: 'open' as const, running: 2 }];
  metrics.watch({
    ledger: () => ({ unsyncedAgeMs: 0, backlogRecords: 0, backlogBytes: 0 }), queue: () => ({ waiting: 0, running: 0 }), database: () => ({ staleForMs: 0 }), http: () => ({ inFlight: 0, liveStreams: 0 }),
    notKept: () => ({ too_many: 3 }), routes: () => ({ targets, keys: [{ backend: 'gpu', key: 'one', state: 'resting' }, { backend: 'gpu', key: 'two', state: 'ready' }] }),
  });
  const text = await metrics.text();
  for (const line of ['tandem_target_breaker{backend="gpu",model="big"} 2', 'tandem_target_running{backend="gpu",model="big"} 2', 'tandem_key_resting{backend="gpu",key="one"} 1', 'tandem_key_resting{backend="gpu",key="two"} 0', 'tandem_contributions_not_kept_total{reason="too_many"} 3']) expect(text).toContain(line);
  targets = [];
  expect(await metrics.text()).not.toContain('model="big"');
});
