import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../local/index.ts';
import { embeddedEngine } from './embedded.ts';
import type { EngineWish } from './engine.ts';
import { llamaCpp } from './llama-cpp.ts';
import { readSamples } from './prometheus.ts';
import { vllm } from './vllm.ts';

const wish: EngineWish = { model: 'meta-llama/Llama-3.1-8B-Instruct', servedAs: 'team/llama', port: 8_000, gpus: 2, contextTokens: 8_192, parallel: 64, args: ['--dtype', 'bfloat16'] };

/** Written after the names and the form in vLLM's documentation (docs.vllm.ai, "Production Metrics"); no vLLM has printed it. */
const VLLM = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="team/llama"} 3.0
vllm:num_requests_waiting{engine="0",model_name="team/llama"} 5.0
vllm:kv_cache_usage_perc{engine="0",model_name="team/llama"} 0.42
vllm:request_success_total{engine="0",finished_reason="stop",model_name="team/llama"} 10.0
vllm:request_success_total{engine="0",finished_reason="length",model_name="team/llama"} 2.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.001",model_name="team/llama"} 0.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="team/llama"} 3.5
vllm:time_to_first_token_seconds_count{engine="0",model_name="team/llama"} 12.0
`;

/** Written after llama.cpp's documentation (tools/server/README.md at 00dc805, "GET /metrics"); no llama-server has printed it. */
const LLAMA_CPP = `# HELP llamacpp:requests_processing Number of requests processing.
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
llamacpp:requests_deferred 4
llamacpp:tokens_predicted_total 39080
`;

describe('engines (vLLM and llama.cpp from docs: neither ran here)', () => {
  it('vLLM: its command line and its figures', async () => {
    expect((await vllm.job(wish)).command).toEqual([
      'vllm', 'serve', 'meta-llama/Llama-3.1-8B-Instruct', '--host', '127.0.0.1', '--port', '8000', '--served-model-name', 'team/llama', '--tensor-parallel-size', '2', '--max-model-len', '8192', '--max-num-seqs', '64', '--dtype', 'bfloat16',
    ]);
    expect((await vllm.job({ ...wish, gpus: 1, contextTokens: null, parallel: null, args: [] })).command).not.toContain('--tensor-parallel-size');
    expect(vllm.figures(VLLM)).toEqual({ running: 3, waiting: 5, ended: 12, cacheUse: 0.42, firstTokenSeconds: 3.5, firstTokens: 12 });
    expect(vllm.figures(VLLM.replace('kv_cache', 'gpu_cache')).cacheUse).toBe(0.42);
  });

  it('llama.cpp: its command line, with the context for each slot, and its figures', async () => {
    expect((await llamaCpp.job({ ...wish, model: '/models/big.gguf', parallel: 4, args: [] })).command).toEqual([
      'llama-server', '--model', '/models/big.gguf', '--host', '127.0.0.1', '--port', '8000', '--alias', 'team/llama', '--metrics', '--n-gpu-layers', 'all', '--ctx-size', '32768', '--parallel', '4',
    ]);
    expect((await llamaCpp.job({ ...wish, gpus: 0 })).command).toEqual(expect.arrayContaining(['--hf-repo', 'meta-llama/Llama-3.1-8B-Instruct', '--n-gpu-layers', '0']));
    expect(llamaCpp.figures(LLAMA_CPP)).toEqual({ running: 1, waiting: 4, ended: 39_080, cacheUse: null, firstTokenSeconds: null, firstTokens: null });
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
