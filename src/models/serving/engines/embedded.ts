import { TandemError } from '../../../base/index.ts';
import { DEFAULT_MODEL } from '../../local/index.ts';
import { JOB_FOLDER, type Engine, type EngineFile } from './engine.ts';
import { readSamples, sampleOf } from './prometheus.ts';

/** What the embedded engine is made of, as files of the server's. */
export interface EmbeddedFiles {
  /** The engine's program with what it imports. */
  program(): Promise<Omit<EngineFile, 'name' | 'unpack'>>;
  /** @throws TandemError as for the server's own local model. */
  weights(): Promise<Omit<EngineFile, 'name' | 'unpack'>>;
}

/** The local model's name as one that can be served from a node. */
export const LOCAL_MODEL = 'tandem/local';

/** The house's own engine: it and its weights go to the node from here, so the node needs nothing but the agent. */
export function embeddedEngine(files: EmbeddedFiles): Engine {
  return {
    kind: 'embedded',
    source: null,
    healthPath: '/health',
    metricsPath: '/metrics',
    async job({ model, servedAs, port, contextTokens, parallel, args }) {
      if (model !== LOCAL_MODEL) throw new TandemError('serving_refused', { params: { reason: `the embedded engine serves ${LOCAL_MODEL} alone` } });
      if (args.length > 0) throw new TandemError('serving_refused', { params: { reason: 'the embedded engine takes no further words' } });
      const [program, weights] = [await files.program(), await files.weights()];
      const weightsName = `${weights.sha256}.gguf`;
      return {
        command: [`${JOB_FOLDER}/node`, `${JOB_FOLDER}/engine/src/models/local/serve/main.ts`],
        env: {
          MODEL_PATH: `${JOB_FOLDER}/${weightsName}`, MODEL_NAME: servedAs, PORT: String(port), NODE_NO_WARNINGS: '1',
          // One thread of libuv, as for the local engine: docs/how/local-engine.md says why.
          UV_THREADPOOL_SIZE: '1',
          ...(weights.sha256 === DEFAULT_MODEL.sha256 && { SYSTEM_MESSAGE: DEFAULT_MODEL.systemMessage }),
          ...(contextTokens !== null && { CONTEXT_TOKENS: String(contextTokens) }), ...(parallel !== null && { SEQUENCES: String(parallel) }),
        },
        files: [{ ...program, name: 'engine', unpack: true }, { ...weights, name: weightsName, unpack: false }], node: true,
      };
    },
    figures(text) {
      const samples = readSamples(text);
      return {
        running: sampleOf(samples, 'tandem_requests_running'), waiting: sampleOf(samples, 'tandem_requests_waiting'), ended: sampleOf(samples, 'tandem_requests_ended_total'), cacheUse: null,
        firstTokenSeconds: sampleOf(samples, 'tandem_first_token_seconds_sum'), firstTokens: sampleOf(samples, 'tandem_first_token_seconds_count'),
      };
    },
  };
}
