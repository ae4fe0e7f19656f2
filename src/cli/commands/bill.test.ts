import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const event = (id: string, quantities: Record<string, string>) => ({
  id, kind: 'chat', resource: 'team/a-model-with-a-long-name', serviceTier: 'default', projectId: 'p', projectName: 'ios', keyId: 'k', keyName: 'a key with a long name', occurredAt: '2026-11-23T07:00:00Z', recordedAt: '2026-11-23T07:00:01Z',
  quantities, charge: '1500000', cost: null, currency: 'USD', outcome: 'completed', counted: 'backend', attributes: {},
});

test('what was used is never cut on a narrow terminal, whatever else gives way', async () => {
  const [short, long] = [{ input: '1234', output: '56' }, { input: '1234', cache_read: '5120', cache_write: '11', output: '56', reasoning: '789' }];
  const { server, url } = await stubServer({ 'GET /api/usage': { json: { items: [event('0192f0c1-0000-7000-8000-000000000001', short), event('0192f0c1-0000-7000-8000-000000000002', long)], nextCursor: null } } });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  for (const columns of [60, 80, 120, 200]) {
    const { out } = await run(['bill', 'usage'], env, { columns });
    for (const part of ['input 1234, output 56', 'input 1234, cache_read 5120, cache_write 11, output 56, reasoning 789', '0192f0c1-0000-7000-8000-000000000002']) expect(out).toContain(part);
  }
  // Side by side where there is room: one line a call, and its id on the next.
  expect((await run(['bill', 'usage'], env, { columns: 160 })).out.split('\n')[0]).toMatch(/^TIME +KEY +WHAT +OUTCOME +QUANTITIES +CHARGE$/);
});
