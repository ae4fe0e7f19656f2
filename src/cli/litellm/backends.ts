import type { ConfigBody } from '../commands/config.ts';
import type { Deployment, Note } from './deployments.ts';
import { environmentName } from './fields.ts';

type Backend = NonNullable<ConfigBody['backends']>[number];
type Key = NonNullable<Backend['keys']>[number] & { readonly keyEnv?: string };

/** The largest limit that can be written down. */
const MOST = 1_000_000_000;

/** Deployments at one address, in one dialect, are one backend; each of their keys is one of its keys. */
export function buildBackends(deployments: readonly Deployment[]): { backends: Backend[]; nameOf: (deployment: Deployment) => string; notes: Note[] } {
  const notes: Note[] = [];
  const groups = Map.groupBy(deployments, placeOf);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const backends = [...groups].map(([place, own]): Backend => {
    const { provider, kind, url, options } = own[0]!;
    const name = freeName(provider, options['region'] ?? new URL(url).hostname.split('.')[0]!, taken);
    names.set(place, name);
    const keys = [...Map.groupBy(own.filter(({ key }) => key !== undefined), ({ key }) => key!)].map(([key, ofKey], at): Key => ({
      label: at === 0 ? 'default' : `key-${at + 1}`, ...secretOf(key), ...limitsOf(ofKey, `${name}, key ${at + 1}`, notes),
    }));
    return { name, kind, url, ...(Object.keys(options).length > 0 && { options }), keys };
  });
  return { backends, nameOf: (deployment) => names.get(placeOf(deployment))!, notes };
}

function placeOf({ kind, url, options }: Deployment): string {
  return JSON.stringify([kind, url, options]);
}

/** `openai`, `azure-myhost`, `bedrock-eu-west-1`, and a number where that is taken. */
function freeName(provider: string, host: string, taken: Set<string>): string {
  const wanted = taken.has(provider) || ['azure', 'hosted_vllm', 'vllm', 'openai_like', 'bedrock'].includes(provider) ? `${provider}-${host}` : provider;
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
}

/** Names in the environment stay names; several joined by colons are read one by one where the file is applied. */
function secretOf(key: string): { keyEnv: string } | { key: string } {
  const parts = key.split(':').map(environmentName);
  return parts.every((part) => part !== undefined) ? { keyEnv: parts.join(':') } : { key };
}

/** LiteLLM limits each deployment; here a key is limited, so those of one key are put together. */
function limitsOf(deployments: readonly Deployment[], place: string, notes: Note[]): Partial<Key> {
  const sum = (field: 'rpm' | 'tpm' | 'parallel') => {
    const given = deployments.map((deployment) => deployment[field]);
    return given.length > 0 && given.every((value) => value !== undefined && value >= 1) ? Math.min(MOST, Math.round(given.reduce<number>((total, value) => total + value!, 0))) : undefined;
  };
  const [requestsPerMinute, tokensPerMinute, parallel] = [sum('rpm'), sum('tpm'), sum('parallel')];
  const some = deployments.some(({ rpm, tpm, parallel: most }) => rpm !== undefined || tpm !== undefined || most !== undefined);
  if (some) {
    const limited = requestsPerMinute !== undefined || tokensPerMinute !== undefined || parallel !== undefined;
    notes.push({ place: `rpm, tpm and max_parallel_requests at ${place}`, became: limited ? 'limits of that key' : null, why: limited ? (deployments.length > 1 ? 'of all its models together' : null) : 'not all models of that key have them' });
  }
  return { ...(requestsPerMinute !== undefined && { requestsPerMinute }), ...(tokensPerMinute !== undefined && { tokensPerMinute }), ...(parallel !== undefined && { parallel }) };
}
