import type { Engine } from './engine.ts';
import { readSamples, sampleOf } from './prometheus.ts';

/** vLLM's server, which the node's own system has to bring. Run here in its build for processors, 0.20.2; not on a GPU. */
export const vllm: Engine = {
  kind: 'vllm',
  source: 'docs.vllm.ai: "vllm serve" and "Production Metrics", v0.9.1 (gpu_cache_usage_perc) to v0.32.0 (kv_cache_usage_perc)',
  healthPath: '/health',
  metricsPath: '/metrics',
  async job({ model, servedAs, port, gpus, contextTokens, parallel, args }) {
    return {
      command: [
        'vllm', 'serve', model, '--host', '127.0.0.1', '--port', String(port), '--served-model-name', servedAs,
        ...(gpus > 1 ? ['--tensor-parallel-size', String(gpus)] : []),
        ...(contextTokens === null ? [] : ['--max-model-len', String(contextTokens)]),
        ...(parallel === null ? [] : ['--max-num-seqs', String(parallel)]),
        ...args,
      ],
      // It asks home for nothing, and what it loads it keeps in the lease's own folder.
      env: { VLLM_NO_USAGE_STATS: '1', HF_HOME: '/home/tenant/.cache/huggingface' }, files: [], node: false,
    };
  },
  figures(text) {
    const samples = readSamples(text);
    return {
      running: sampleOf(samples, 'vllm:num_requests_running'), waiting: sampleOf(samples, 'vllm:num_requests_waiting'), ended: sampleOf(samples, 'vllm:request_success_total'),
      cacheUse: sampleOf(samples, 'vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'),
      firstTokenSeconds: sampleOf(samples, 'vllm:time_to_first_token_seconds_sum'), firstTokens: sampleOf(samples, 'vllm:time_to_first_token_seconds_count'),
    };
  },
};
