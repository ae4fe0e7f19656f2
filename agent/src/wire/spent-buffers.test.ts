import { PerformanceObserver, constants } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { countSpent } from './spent-buffers.ts';

it('collects the young objects when enough has been passed on, and not before', async () => {
  const kinds: (number | undefined)[] = [];
  const seen = Promise.withResolvers<void>();
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags = 0 } = (entry as unknown as { detail: { kind?: number; flags?: number } }).detail;
      // Only what was asked for: this process collects by itself too.
      if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) continue;
      kinds.push(kind);
      seen.resolve();
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  countSpent(4 * 1024 * 1024 - 1);
  await new Promise((resolve) => { setImmediate(resolve); });
  expect(kinds).toEqual([]);
  countSpent(1);
  await seen.promise;
  observer.disconnect();
  expect(kinds).toEqual([constants.NODE_PERFORMANCE_GC_MINOR]);
});
