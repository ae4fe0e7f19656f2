import { describe, expect, it } from 'vitest';
import { CallFigures, type FinishedCall } from './call-figures.ts';

const call = (given: Partial<FinishedCall>): FinishedCall => ({ alias: 'a', operation: 'chat', provider: 'openai', outcome: 'completed', quantities: {}, firstTokenMs: null, totalMs: 20, charge: 0n, currency: 'USD', ...given });

describe('the figures of calls', () => {
  it('count each call in its bucket and in every larger one', () => {
    const figures = new CallFigures();
    for (const totalMs of [10, 11, 1_000_000]) figures.count(call({ totalMs }));
    const text = figures.text();
    const name = 'gen_ai_server_request_duration_seconds';
    const labels = 'gen_ai_request_model="a",gen_ai_operation_name="chat",gen_ai_provider_name="openai"';
    expect(text).toContain(`${name}_bucket{le="0.01",${labels}} 1\n`);
    expect(text).toContain(`${name}_bucket{le="0.02",${labels}} 2\n`);
    expect(text).toContain(`${name}_bucket{le="900",${labels}} 2\n`);
    expect(text).toContain(`${name}_bucket{le="+Inf",${labels}} 3\n`);
    expect(text).toContain(`${name}_sum{${labels}} 1000.021\n${name}_count{${labels}} 3\n`);
    expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_count{${labels}} 0\n`);
  });

  it('tell tokens that were read from those that were written, and the time of each after the first', () => {
    const figures = new CallFigures();
    figures.count(call({ operation: 'embeddings', provider: 'gcp.gemini', quantities: { input: 100n, cache_read: 50n }, totalMs: 30 }));
    figures.count(call({ quantities: { input: 3n, output: 9n, reasoning: 2n }, firstTokenMs: 100, totalMs: 300 }));
    const text = figures.text();
    const chat = 'gen_ai_request_model="a",gen_ai_operation_name="chat",gen_ai_provider_name="openai"';
    expect(text).toContain('gen_ai_client_token_usage_sum{gen_ai_request_model="a",gen_ai_operation_name="embeddings",gen_ai_provider_name="gcp.gemini",gen_ai_token_type="input"} 150\n');
    expect(text).toContain(`gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="output"} 11\n`);
    // 200 ms for the ten tokens after the first.
    expect(text).toContain(`gen_ai_server_time_per_output_token_seconds_sum{${chat}} 0.02\n`);
  });

  it('tell calls that ended in an error by how they did, and time the tokens of the others alone', () => {
    const figures = new CallFigures();
    for (const outcome of ['completed', 'client_left', 'failed', 'cut', 'deadline']) figures.count(call({ outcome, quantities: { output: 3n }, firstTokenMs: 10, totalMs: 30 }));
    const text = figures.text();
    const chat = 'gen_ai_request_model="a",gen_ai_operation_name="chat",gen_ai_provider_name="openai"';
    expect(text).toContain(`gen_ai_server_request_duration_seconds_count{${chat}} 2\n`);
    for (const outcome of ['failed', 'cut', 'deadline']) expect(text).toContain(`gen_ai_server_request_duration_seconds_count{${chat},error_type="${outcome}"} 1\n`);
    for (const name of ['time_to_first_token', 'time_per_output_token']) expect(text).toContain(`gen_ai_server_${name}_seconds_count{${chat}} 2\n`);
    expect(text.match(/^gen_ai_server_time_.*error_type/m)).toBeNull();
    // Tokens count however a call ended: they were used.
    expect(text).toContain(`gen_ai_client_token_usage_sum{${chat},gen_ai_token_type="output"} 15\n`);
  });

  it('leave out what was not used, and add up what was', () => {
    const figures = new CallFigures();
    for (let at = 0; at < 2; at += 1) figures.count(call({ quantities: { input: 5n, output: 0n }, charge: 500_000_000_000n }));
    const text = figures.text();
    expect(text).toContain('tandem_tokens_total{gen_ai_request_model="a",bucket="input"} 10\n');
    expect(text).not.toContain('bucket="output"');
    expect(text).toContain('tandem_charge_total{gen_ai_request_model="a",currency="USD"} 1\n');
  });

  it('write every line in the text form, whatever an alias is called', () => {
    const figures = new CallFigures();
    figures.count(call({ alias: 'a"b\\c\nd' }));
    const text = figures.text();
    expect(text).toContain('tandem_calls_total{gen_ai_request_model="a\\"b\\\\c\\nd",outcome="completed"} 1\n');
    for (const line of text.split('\n')) expect(line).toMatch(/^$|^# (HELP|TYPE) \w+ .+$|^\w+\{.*\} [\d.e+-]+$/);
  });
});
