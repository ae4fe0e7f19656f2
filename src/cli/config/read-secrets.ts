import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { usageError } from '../cli-error.ts';
import type { ConfigBody } from '../commands/config.ts';

interface Source {
  readonly key?: unknown;
  readonly keyEnv?: unknown;
  readonly keyFile?: unknown;
}

/**
 * A configuration as the server takes it: where it names a variable or a file for a key, the key is read here, on the machine of who
 * applies it, and travels over the same connection as all else. A backend's own `key`, `keyEnv` or `keyFile` is its key `default`.
 */
export function readSecrets(content: unknown, { env, path }: { env: Readonly<Record<string, string | undefined>>; path: string }): ConfigBody {
  if (!isRecord(content)) throw usageError(`${path} is not an object.`, 'It holds projects, backends, models, prices, budgets and limits.');
  const backends = content['backends'];
  if (!Array.isArray(backends)) return content as ConfigBody;
  return {
    ...content,
    backends: backends.map((backend: unknown, at): unknown => {
      if (!isRecord(backend)) return backend;
      const { key, keyEnv, keyFile, ...rest } = backend;
      const own = read({ key, keyEnv, keyFile }, `backends[${at}]`, path, env);
      const keys = Array.isArray(rest['keys']) ? rest['keys'].map((one: unknown, keyAt): unknown => {
        if (!isRecord(one)) return one;
        const { keyEnv: fromEnv, keyFile: fromFile, key: given, ...fields } = one;
        const found = read({ key: given, keyEnv: fromEnv, keyFile: fromFile }, `backends[${at}].keys[${keyAt}]`, path, env);
        return found === undefined ? fields : { ...fields, key: found };
      }) : [];
      return { ...rest, keys: own === undefined ? keys : [{ label: 'default', key: own }, ...keys] };
    }),
  } as ConfigBody;
}

function read(given: Source, place: string, path: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  if (named.length > 1) throw usageError(`${place} has more than one of key, keyEnv and keyFile.`, 'Keep one of them.');
  const [found] = named;
  if (!found) return undefined;
  const [kind, value] = found;
  if (typeof value !== 'string') throw usageError(`${place}.${kind} is not a text.`, 'Name a variable or a file.');
  if (kind === 'key') return value;
  if (kind === 'keyEnv') {
    // Several variables with colons between are one key, as Bedrock's id and secret are.
    return value.split(':').map((name) => {
      const set = env[name]?.trim();
      if (set === undefined || set === '') throw usageError(`${place}.keyEnv: the variable ${name} is not set.`, `Set it: export ${name}=…`);
      return set;
    }).join(':');
  }
  try {
    return readFileSync(isAbsolute(value) ? value : join(dirname(path), value), 'utf8').trim();
  } catch {
    throw usageError(`${place}.keyFile: ${value} cannot be read.`, 'Name a file that this user can read, relative to the configuration.');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
