import type { ConfigBody } from '../commands/config.ts';
import { withCredential } from './credentials.ts';
import { perToken } from './decimal.ts';
import { flagIn, isRecord, numberIn, textIn, type Fields } from './fields.ts';
import { PROVIDERS, splitModel, type Provider } from './providers.ts';

type Target = NonNullable<ConfigBody['models']>[number]['targets'][number];
type Buckets = NonNullable<ConfigBody['prices']>[number]['buckets'];

export interface Note {
  readonly place: string;
  /** Null: it became nothing. */
  readonly became: string | null;
  readonly why: string | null;
}

/** One entry of `model_list` that can be called from here. */
export interface Deployment {
  readonly place: string;
  readonly name: string;
  readonly provider: string;
  readonly kind: Provider['kind'];
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
  /** As the file has it: the key itself, or `os.environ/NAME`; undefined: none. */
  readonly key: string | undefined;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly parallel: number | undefined;
  readonly weight: number | undefined;
  readonly order: number;
  readonly target: Omit<Target, 'backend' | 'weight' | 'order'>;
  readonly buckets: Buckets | undefined;
  /** What calls on a service tier cost there, where the file has it: its fields that end in `_flex` and `_priority`. */
  readonly tiers: Readonly<Partial<Record<(typeof TIERS)[number], Buckets>>>;
}

/** What is called here by `model_info.mode`. */
const ENTRY_READ = new Set(['model_name', 'litellm_params', 'model_info']);
const MODES = new Set(['chat', 'completion', 'responses', 'embedding']);
const CAN = { tools: 'supports_function_calling', images: 'supports_vision', files: 'supports_pdf_input', schema: 'supports_response_schema', reasoning: 'supports_reasoning' } as const;
const PARAMS_READ = new Set([
  'model', 'api_base', 'base_url', 'api_key', 'rpm', 'tpm', 'weight', 'order', 'max_parallel_requests', 'region_name', 'aws_region_name', 'aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'aws_bedrock_runtime_endpoint',
  'max_tokens', 'api_version',
]);
/** Service tiers that LiteLLM prices by a suffix, as of 1.109.1. */
export const TIERS = ['flex', 'priority'] as const;
const COSTS = { input: 'input_cost_per_token', output: 'output_cost_per_token', cache_read: 'cache_read_input_token_cost', cache_write: 'cache_creation_input_token_cost', reasoning: 'output_cost_per_reasoning_token' } as const;
for (const field of Object.values(COSTS)) for (const suffix of ['', ...TIERS.map((tier) => `_${tier}`)]) PARAMS_READ.add(`${field}${suffix}`);

/** What of `model_info` says something here, or nothing to anybody. */
const INFO_READ = new Set([...PARAMS_READ, ...Object.values(CAN), 'mode', 'max_output_tokens', 'max_input_tokens', 'id', 'description']);

/** @param credentials keys and addresses that models name. */
export function readDeployments(list: unknown, credentials: ReadonlyMap<string, Fields>): { deployments: Deployment[]; notes: Note[] } {
  const notes: Note[] = [];
  if (!Array.isArray(list)) return { deployments: [], notes: [{ place: 'model_list', became: null, why: 'the file has none' }] };
  const deployments = list.flatMap((entry: unknown, at): Deployment[] => {
    const place = `model_list[${at}]`;
    const read = isRecord(entry) ? readOne(entry, place, credentials, notes) : 'it is not a mapping';
    if (typeof read !== 'string') return [read];
    notes.push({ place: isRecord(entry) ? `${place} ${textIn(entry, 'model_name') ?? ''}`.trim() : place, became: null, why: read });
    return [];
  });
  return { deployments, notes };
}

/** @returns why not, where it cannot be called from here. */
function readOne(entry: Fields, place: string, credentials: ReadonlyMap<string, Fields>, notes: Note[]): Deployment | string {
  const params = withCredential(isRecord(entry['litellm_params']) ? entry['litellm_params'] : {}, credentials);
  if (params === undefined) return 'it names a credential that the file does not have';
  const info = isRecord(entry['model_info']) ? entry['model_info'] : {};
  const [name, model] = [textIn(entry, 'model_name'), textIn(params, 'model')];
  if (name === undefined || model === undefined) return 'it lacks model_name or litellm_params.model';
  if (name.includes('*') || model.includes('*')) return 'a pattern for many models: names are given one by one here';
  if (!/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/.test(name)) return 'its name holds characters that names here do not have';
  const mode = textIn(info, 'mode') ?? 'chat';
  if (!MODES.has(mode)) return `there is no call of the kind ${mode} here`;
  const split = splitModel(model);
  const provider = PROVIDERS[split.provider];
  if (!provider) return `there is no dialect for ${split.provider} here; put a server that speaks OpenAI's form before it`;
  const region = textIn(params, 'aws_region_name') ?? textIn(params, 'region_name');
  const url = addressOf(params, split.provider, provider, region);
  if (typeof url !== 'string') return url.why;
  for (const [part, fields, known] of [['', entry, ENTRY_READ], ['.model_info', info, INFO_READ]] as const) {
    for (const field of Object.keys(fields)) if (!known.has(field)) notes.push({ place: `${place}${part}.${field}`, became: null, why: 'a name here has nothing like it' });
  }
  for (const field of Object.keys(params)) if (!PARAMS_READ.has(field)) notes.push({ place: `${place}.litellm_params.${field}`, became: null, why: 'a field for every call is sent by the caller, and deadlines are set per name' });
  const max = numberIn(info, 'max_output_tokens') ?? numberIn(params, 'max_tokens');
  const context = numberIn(info, 'max_input_tokens');
  const can = Object.fromEntries(Object.entries(CAN).flatMap(([capability, field]) => { const flag = flagIn(info, field); return flag === undefined ? [] : [[capability, flag]]; }));
  const made: Deployment = {
    place, name, provider: split.provider, kind: mode === 'responses' && provider.kind === 'openai-compatible' ? 'openai-responses' : provider.kind, url,
    options: provider.kind === 'bedrock' && region !== undefined ? { region } : {}, key: keyOf(params) ?? usualKey(params, split.provider, provider, place, notes),
    rpm: numberIn(params, 'rpm'), tpm: numberIn(params, 'tpm'), parallel: numberIn(params, 'max_parallel_requests'), weight: numberIn(params, 'weight'), order: Math.min(100, Math.round(numberIn(params, 'order') ?? 0)),
    target: {
      model: split.model, ...(region !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$/.test(region) && { region }), ...(max !== undefined && max >= 1 && { maxOutputTokens: Math.min(10_000_000, Math.round(max)) }),
      ...(context !== undefined && context >= 1 && { contextTokens: Math.min(100_000_000, Math.round(context + (max ?? 0))) }), ...(Object.keys(can).length > 0 && { can }),
    },
    buckets: bucketsOf({ ...info, ...params }, ''), tiers: tiersOf({ ...info, ...params }),
  };
  notes.push({ place: `${place} ${name}`, became: `a target of ${name}: ${split.model} at ${url}`, why: split.provider === 'azure' ? 'by Azure\'s v1 address, which needs no api_version' : null });
  return made;
}

function addressOf(params: Fields, name: string, provider: Provider, region: string | undefined): string | { readonly why: string } {
  const given = addressIn(params);
  if (given !== undefined && given.startsWith('os.environ/')) return { why: 'its address stands in the environment: write it into the file first' };
  const base = given?.replace(/\/+$/, '') ?? provider.url ?? (name === 'bedrock' && region !== undefined ? `https://bedrock-runtime.${region}.amazonaws.com` : undefined);
  if (base === undefined) return { why: name === 'bedrock' ? 'it lacks aws_region_name' : 'it lacks api_base' };
  if (!/^https?:$/.test(URL.parse(base)?.protocol ?? '')) return { why: 'its api_base is not an http or https address' };
  return provider.under !== undefined && !base.includes(provider.under) ? `${new URL(base).origin}${provider.under}` : base;
}

/** Bedrock's two or three secrets are one key here, with colons between. */
function keyOf(params: Fields): string | undefined {
  const aws = ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token'].map((field) => textIn(params, field)).filter((part) => part !== undefined);
  return aws.length >= 2 ? aws.join(':') : textIn(params, 'api_key');
}

/** LiteLLM takes a key that the file does not have from a name of its own in the environment. It is sent to the vendor alone, never to an address that the file gives. */
function usualKey(params: Fields, name: string, { keyEnv }: Provider, place: string, notes: Note[]): string | undefined {
  if (name === 'bedrock') notes.push({ place: `${place}, its key`, became: null, why: 'the file has none, and AWS\'s own ways to find one are not taken here: tandem backends keys set' });
  if (keyEnv === undefined || (name !== 'azure' && addressIn(params) !== undefined)) return undefined;
  notes.push({ place: `${place}, its key`, became: `the key in ${keyEnv}`, why: 'the file has none, and LiteLLM reads it there' });
  return `os.environ/${keyEnv}`;
}

function addressIn(params: Fields): string | undefined {
  return textIn(params, 'api_base') ?? textIn(params, 'base_url') ?? textIn(params, 'aws_bedrock_runtime_endpoint');
}

/** A tier's list is whole: what the file does not price on the tier costs there what it costs otherwise. */
function tiersOf(fields: Fields): Deployment['tiers'] {
  const base = bucketsOf(fields, '');
  return Object.fromEntries(TIERS.flatMap((tier) => {
    const own = pricesIn(fields, `_${tier}`);
    return base === undefined || Object.keys(own).length === 0 ? [] : [[tier, { ...base, ...own }]];
  }));
}

function bucketsOf(fields: Fields, suffix: string): Buckets | undefined {
  const buckets = pricesIn(fields, suffix);
  return buckets.input !== undefined && buckets.output !== undefined ? buckets : undefined;
}

function pricesIn(fields: Fields, suffix: string): Buckets {
  return Object.fromEntries(Object.entries(COSTS).flatMap(([bucket, field]) => {
    const value = fields[`${field}${suffix}`];
    const price = typeof value === 'number' || typeof value === 'string' ? perToken(String(value)) : undefined;
    return price === undefined ? [] : [[bucket, price]];
  })) as Buckets;
}
