/**
 * What a provider's prefix in LiteLLM's `litellm_params.model` becomes here, and its public address where the file gives none.
 * After LiteLLM's pages on providers (docs.litellm.ai/docs/providers, 2026-10) and the vendors' own documents.
 */
export interface Provider {
  readonly kind: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
  /** Null: the file must give `api_base`. */
  readonly url: string | null;
  /** What follows the file's `api_base` where that is not the whole address. */
  readonly under?: string;
}

const compatible = (url: string | null, under?: string): Provider => ({ kind: 'openai-compatible', url, ...(under !== undefined && { under }) });

export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: compatible('https://api.openai.com/v1'),
  // Azure's own v1 address speaks OpenAI's form and takes the key as a bearer token.
  azure: compatible(null, '/openai/v1'),
  anthropic: { kind: 'anthropic', url: 'https://api.anthropic.com' },
  gemini: { kind: 'gemini', url: 'https://generativelanguage.googleapis.com/v1beta' },
  bedrock: { kind: 'bedrock', url: null },
  mistral: compatible('https://api.mistral.ai/v1'),
  groq: compatible('https://api.groq.com/openai/v1'),
  deepseek: compatible('https://api.deepseek.com/v1'),
  together_ai: compatible('https://api.together.xyz/v1'),
  fireworks_ai: compatible('https://api.fireworks.ai/inference/v1'),
  openrouter: compatible('https://openrouter.ai/api/v1'),
  xai: compatible('https://api.x.ai/v1'),
  cerebras: compatible('https://api.cerebras.ai/v1'),
  nvidia_nim: compatible('https://integrate.api.nvidia.com/v1'),
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
