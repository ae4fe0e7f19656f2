import type { Engine } from './engine.ts';
import { readSamples, sampleOf } from './prometheus.ts';

/** llama.cpp's own server, which the node's system has to bring. Run here on processors, at 0c1e570; not on a GPU. */
export const llamaCpp: Engine = {
  kind: 'llama-cpp',
  source: 'github.com/ggml-org/llama.cpp, tools/server/README.md at 00dc805',
  healthPath: '/health',
  metricsPath: '/metrics',
  async job({ model, servedAs, port, gpus, contextTokens, parallel, args }) {
    const slots = parallel ?? 1;
    return {
      command: [
        // A path is a file; anything else is a name at a hub.
        'llama-server', ...(model.startsWith('/') ? ['--model', model] : ['--hf-repo', model]), '--host', '127.0.0.1', '--port', String(port), '--alias', servedAs, '--metrics',
        '--n-gpu-layers', gpus > 0 ? 'all' : '0',
        // The context is shared out between the slots.
        ...(contextTokens === null ? [] : ['--ctx-size', String(contextTokens * slots)]),
        ...(parallel === null ? [] : ['--parallel', String(parallel)]),
        ...args,
      ],
      env: {}, files: [], node: false,
    };
  },
  figures(text) {
    const samples = readSamples(text);
    return {
      running: sampleOf(samples, 'llamacpp:requests_processing'), waiting: sampleOf(samples, 'llamacpp:requests_deferred'),
      // It counts no requests; tokens rise with every one of them, which is all that is asked of this figure.
      ended: sampleOf(samples, 'llamacpp:tokens_predicted_total'), cacheUse: sampleOf(samples, 'llamacpp:kv_cache_usage_ratio'), firstTokenSeconds: null, firstTokens: null,
    };
  },
};
