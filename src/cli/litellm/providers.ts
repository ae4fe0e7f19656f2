/**
 * What a provider's prefix in LiteLLM's `litellm_params.model` becomes here, and its public address where the file gives none.
 * After LiteLLM's pages on providers (docs.litellm.ai/docs/providers, 2026-10) and the vendors' own documents.
 */
export interface Provider {
  readonly kind: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
  /** Null: the file must give `api_base`. */
  readonly url: string | null;
  /** Where LiteLLM finds the key of an entry without one. */
  readonly keyEnv?: string;
  /** What follows the file's `api_base` where that is not the whole address. */
  readonly under?: string;
}

const compatible = (url: string | null, keyEnv?: string, under?: string): Provider => ({ kind: 'openai-compatible', url, ...(keyEnv !== undefined && { keyEnv }), ...(under !== undefined && { under }) });

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: compatible('https://api.openai.com/v1', 'OPENAI_API_KEY'),
  // Azure's own v1 address speaks OpenAI's form and takes the key as a bearer token.
  azure: compatible(null, 'AZURE_API_KEY', '/openai/v1'),
  anthropic: { kind: 'anthropic', url: 'https://api.anthropic.com', keyEnv: 'ANTHROPIC_API_KEY' },
  gemini: { kind: 'gemini', url: 'https://generativelanguage.googleapis.com/v1beta', keyEnv: 'GEMINI_API_KEY' },
  bedrock: { kind: 'bedrock', url: null },
  mistral: compatible('https://api.mistral.ai/v1', 'MISTRAL_API_KEY'),
  groq: compatible('https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
  deepseek: compatible('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'),
  together_ai: compatible('https://api.together.xyz/v1', 'TOGETHERAI_API_KEY'),
  fireworks_ai: compatible('https://api.fireworks.ai/inference/v1', 'FIREWORKS_AI_API_KEY'),
  openrouter: compatible('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  xai: compatible('https://api.x.ai/v1', 'XAI_API_KEY'),
  cerebras: compatible('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'),
  nvidia_nim: compatible('https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM_API_KEY'),
  hosted_vllm: compatible(null),
  vllm: compatible(null),
  openai_like: compatible(null),
  lm_studio: compatible(null),
  litellm_proxy: compatible(null),
  ollama: compatible('http://localhost:11434/v1'),
  ollama_chat: compatible('http://localhost:11434/v1'),
};

/** Ways of Bedrock that LiteLLM names between the provider and the model. */
const BEDROCK_ROUTES = /^(?:converse|invoke|converse_like)\//;

/** `openai/gpt-4o` → the provider and the model there. Without a known prefix: OpenAI's own names, and Anthropic's. */
export function splitModel(model: string): { readonly provider: string; readonly model: string } {
  const [, prefix, rest] = /^([a-z0-9_-]+)\/(.+)$/s.exec(model) ?? [];
  if (prefix !== undefined && rest !== undefined && PROVIDERS[prefix]) return { provider: prefix, model: prefix === 'bedrock' ? rest.replace(BEDROCK_ROUTES, '') : rest };
  if (prefix === undefined && model.startsWith('claude-')) return { provider: 'anthropic', model };
  if (prefix === undefined) return { provider: 'openai', model };
  return { provider: prefix, model: rest! };
}
