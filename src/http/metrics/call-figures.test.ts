import { describe, expect, it } from 'vitest';
import { CallFigures, type FinishedCall } from './call-figures.ts';

const call = (given: Partial<FinishedCall>): FinishedCall => ({ alias: 'a', outcome: 'completed', quantities: {}, firstTokenMs: null, totalMs: 20, charge: 0n, currency: 'USD', ...given });

describe('the figures of calls', () => {
  it('count each call in its bucket and in every larger one', () => {
    const figures = new CallFigures();
    for (const totalMs of [10, 11, 600_000]) figures.count(call({ totalMs }));
    const text = figures.text();
    const name = 'gen_ai_server_request_duration_seconds';
    expect(text).toContain(`${name}_bucket{le="0.01",gen_ai_request_model="a"} 1\n`);
    expect(text).toContain(`${name}_bucket{le="0.025",gen_ai_request_model="a"} 2\n`);
    expect(text).toContain(`${name}_bucket{le="300",gen_ai_request_model="a"} 2\n`);
    expect(text).toContain(`${name}_bucket{le="+Inf",gen_ai_request_model="a"} 3\n`);
    expect(text).toContain(`${name}_sum{gen_ai_request_model="a"} 600.021\n${name}_count{gen_ai_request_model="a"} 3\n`);
    expect(text).toContain('gen_ai_server_time_to_first_token_seconds_count{gen_ai_request_model="a"} 0\n');
  });

  it('leave out what was not used, and add up what was', () => {
    const figures = new CallFigures();
    for (let at = 0; at < 2; at += 1) figures.count(call({ quantities: { input: 5n, output: 0n }, charge: 500_000_000_000n }));
    const text = figures.text();
    expect(text).toContain('gen_ai_client_token_usage_total{gen_ai_request_model="a",gen_ai_token_type="input"} 10\n');
    expect(text).not.toContain('gen_ai_token_type="output"');
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
