import { describe, expect, it } from 'vitest';
import { TEST_KEY, startShell } from '../testing/shell.ts';

describe('what machines ask', () => {
  it('is up, ready, and says what it can do', async () => {
    await using shell = await startShell();
    expect(await (await fetch(`${shell.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${shell.url}/readyz`)).json()).toEqual({ status: 'ready', checks: [{ name: 'accepting', state: 'pass' }] });
    const document = (await (await fetch(`${shell.url}/openapi.json`)).json()) as { openapi: string; paths: Record<string, unknown> };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/v1/chat/completions');
  });

  it('is not ready when something behind it is not, and says what', async () => {
    await using shell = await startShell({ readiness: () => [{ name: 'ledger', problem: 'the log is full' }] });
    const reply = await fetch(`${shell.url}/readyz`);
    expect([reply.status, await reply.json()]).toEqual([503, expect.objectContaining({ status: 'not ready', checks: expect.arrayContaining([{ name: 'ledger', state: 'fail', reason: 'the log is full' }]) })]);
    expect((await fetch(`${shell.url}/healthz`)).status).toBe(200);
  });

  it('tells its figures to programs on this machine, and to others only with a key', async () => {
    await using shell = await startShell();
    shell.server.metrics.finished({ alias: 'tandem/local', operation: 'chat', provider: 'tandem', outcome: 'completed', quantities: { input: 10n, output: 3n, cache_read: 0n }, firstTokenMs: 120, totalMs: 400, charge: 1_250_000n, currency: 'USD' });
    shell.server.metrics.refused('budget_exceeded');
    const text = await (await fetch(`${shell.url}/metrics`)).text();
    expect(text).toContain('tandem_calls_total{gen_ai_request_model="tandem/local",outcome="completed"} 1');
    expect(text).toContain('gen_ai_client_token_usage_sum{gen_ai_request_model="tandem/local",gen_ai_operation_name="chat",gen_ai_provider_name="tandem",gen_ai_token_type="output"} 3');
    expect(text).toContain('gen_ai_server_time_to_first_token_seconds_bucket{le="0.25",gen_ai_request_model="tandem/local",gen_ai_operation_name="chat",gen_ai_provider_name="tandem"} 1');
    expect(text).toContain('tandem_charge_total{gen_ai_request_model="tandem/local",currency="USD"} 0.00000125');
    expect(text).toContain('tandem_refused_total{code="budget_exceeded"} 1');
    expect(text).toMatch(/tandem_http_in_flight 1/);
    const proxied = { 'x-forwarded-for': '203.0.113.1' };
    expect((await fetch(`${shell.url}/metrics`, { headers: proxied })).status).toBe(401);
    expect((await fetch(`${shell.url}/metrics`, { headers: { ...proxied, 'x-api-key': TEST_KEY } })).status).toBe(200);
  });

  it('keeps the number of labels bounded', async () => {
    await using shell = await startShell();
    for (let index = 0; index < 500; index += 1) {
      shell.server.metrics.finished({ alias: `model-${index}`, operation: 'chat', provider: 'tandem', outcome: 'completed', quantities: {}, firstTokenMs: null, totalMs: 1, charge: 0n, currency: 'USD' });
    }
    const text = await shell.server.metrics.text();
    expect(text.match(/^tandem_calls_total\{/gm)).toHaveLength(201);
    expect(text).toContain('tandem_calls_total{gen_ai_request_model="other",outcome="completed"} 300');
  });
});
