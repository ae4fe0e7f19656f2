/** What a replica is to run. */
export interface EngineWish {
  /** A path on the node, a name at a hub, or `tandem/local`. */
  readonly model: string;
  /** What callers of the replica name it by: the gateway puts it into what it sends. */
  readonly servedAs: string;
  readonly port: number;
  /** GPUs of the replica's lease; 0: none. */
  readonly gpus: number;
  /** Prompt and answer together; null: the model's own. */
  readonly contextTokens: number | null;
  /** Answers at a time; null: the engine's own. */
  readonly parallel: number | null;
  /** Further words for the engine's command line. */
  readonly args: readonly string[];
}

/** A file of the server's that the node gets, known by its hash. */
export interface EngineFile {
  /** Its name in the folder of the job. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly unpack: boolean;
}

/** What a node is asked to run. */
export interface EngineJob {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly files: readonly EngineFile[];
  /** The agent's own Node is wanted beside the files. */
  readonly node: boolean;
}

/** What an engine says of itself; null: it does not say. */
export interface EngineFigures {
  readonly running: number | null;
  readonly waiting: number | null;
  /** Answers that have ended since its start. */
  readonly ended: number | null;
  /** Share of the cache's memory in use, 0 to 1. */
  readonly cacheUse: number | null;
  /** Sum of the seconds to the first token, and of how many answers. */
  readonly firstTokenSeconds: number | null;
  readonly firstTokens: number | null;
}

/** A program that serves a model by chat completions. */
export interface Engine {
  readonly kind: 'vllm' | 'llama-cpp' | 'embedded';
  /** Which published documentation its command line and figures were written after; null: it is ours. */
  readonly source: string | null;
  /** Answers 200 once the model answers. */
  readonly healthPath: string;
  readonly metricsPath: string;
  /** @throws TandemError for a model that it cannot serve. */
  job(wish: EngineWish): Promise<EngineJob>;
  /** @param text of its metrics, in Prometheus's form. */
  figures(text: string): EngineFigures;
}

/** Where the files of a job are inside a lease. */
export const JOB_FOLDER = '/run/tandem/job';
