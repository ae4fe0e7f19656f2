import { expect, test } from 'vitest';
import type { Backend } from './target.ts';
import { healthOf } from './tools.ts';

const backend: Backend = {
  id: '01900000-0000-7000-8000-000000000001', name: 'fleet/local', kind: 'openai-compatible', organisationId: '01900000-0000-7000-8000-000000000002', url: null, options: {}, hasKey: false, enabled: false,
  from: 'fleet', createdAtMs: 0, connections: [], remote: null,
};

test('a served model without a replica is not at fault', () => {
  expect(healthOf(backend, null)).toEqual({ state: 'unknown', reason: 'no replica answers now', sinceMs: null });
});

test('a backend whose key cannot be opened is', () => {
  expect(healthOf({ ...backend, from: 'api', hasKey: true }, null)).toMatchObject({ state: 'unavailable', reason: 'its key cannot be opened' });
});
