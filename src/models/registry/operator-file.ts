import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { TandemError } from '../../base/index.ts';
import { checkUrl, type EgressPolicy } from '../../base/egress/index.ts';
import { callLimits, backendOptions, goalForm, keyLabel, keyLimitsForm, keyText, limitsForm, regionName, targetForm, type GivenLimits } from './forms.ts';
import { BACKEND_KINDS, DEFAULT_LIMITS, type Alias, type BackendKind, type CallLimits, type KeyLimits } from './target.ts';

const seconds = z.number().positive().max(86_400);
const aliasName = z.string().min(1).max(200).regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be a name such as team/model-7b');
const source = { key: keyText.optional(), keyFile: z.string().min(1).optional(), keyEnv: z.string().min(1).optional() };
const sources = (given: { key?: unknown; keyFile?: unknown; keyEnv?: unknown }) => [given.key, given.keyFile, given.keyEnv].filter((one) => one !== undefined).length;

const lone = z.strictObject({
  alias: aliasName, model: targetForm.model, maxOutputTokens: targetForm.maxOutputTokens, contextTokens: targetForm.contextTokens, outputLimitField: targetForm.outputLimitField, can: targetForm.can,
});
const backend = z.strictObject({
  name: z.string().min(1).max(100), url: z.string().min(1).max(2000), kind: z.enum(BACKEND_KINDS).exclude(['local']).default('openai-compatible'), options: backendOptions.default({}), ...source,
  keys: z.array(z.strictObject({ label: keyLabel, ...source, ...keyLimitsForm }).refine((given) => sources(given) === 1, 'needs one of key, keyFile and keyEnv')).max(100).default([]),
  models: z.array(lone).default([]),
}).refine((given) => sources(given) <= 1, 'has more than one of key, keyFile and keyEnv').refine((given) => sources(given) === 0 || given.keys.length === 0, 'has both keys and one of key, keyFile and keyEnv');
const model = z.strictObject({
  name: aliasName, goal: goalForm.default('weights'), regions: z.array(regionName).max(50).default([]), limits: limitsForm.default({}),
  targets: z.array(z.strictObject({ backend: z.string().min(1), ...targetForm })).min(1).max(100),
});
const file = z.object({
  backends: z.array(backend).max(1000).default([]),
  models: z.array(model).max(10_000).default([]),
  routing: limitsForm.pick({ attempts: true, attemptsWithinSeconds: true, hedge: true }).default({}),
  deadlines: z.strictObject({ connectSeconds: seconds, headSeconds: seconds, firstTokenSeconds: seconds, gapSeconds: seconds, wholeSeconds: seconds }).partial().default({}),
});

export interface FileKey {
  readonly id: string;
  readonly label: string;
  readonly key: string;
  readonly limits: KeyLimits;
}

/** A backend as the operator's file gives it, with its keys read. */
export interface FileBackend {
  readonly id: string;
  readonly name: string;
  readonly kind: BackendKind;
  readonly url: string;
  readonly options: Readonly<Record<string, string>>;
  readonly keys: readonly FileKey[];
}

type GivenTarget = z.infer<typeof model>['targets'][number];

/** A name of the operator's file, with its limits as they were given. */
export interface FileModel {
  readonly name: string;
  readonly goal: Alias['goal'];
  readonly regions: readonly string[];
  readonly limits: GivenLimits;
  readonly targets: readonly GivenTarget[];
}

export interface OperatorFile {
  readonly backends: readonly FileBackend[];
  readonly models: readonly FileModel[];
  /** What holds for every name that says nothing else. */
  readonly limits: CallLimits;
}

/** The backend that runs in this house; a name in the file may lead to it too. */
const LOCAL = 'local';

/**
 * This room's parts of the operator's file: `backends`, `models`, `routing` and `deadlines`. A `keyFile` is relative to the file's folder.
 * @throws TandemError setting_invalid naming the place in the file, as in `backends[0].models[1].alias`.
 */
export function readOperatorFile(options: { content: Readonly<Record<string, unknown>>; folder: string; env: Readonly<Record<string, string | undefined>>; policy: EgressPolicy }): OperatorFile {
  const { content, folder, env, policy } = options;
  const parsed = file.safeParse({ backends: content['backends'], models: content['models'], routing: content['routing'], deadlines: content['deadlines'] });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(place(issue?.path ?? []), issue?.message ?? 'it is not of the known form');
  }
  const { data } = parsed;
  const models: FileModel[] = [];
  const taken = new Set<string>();
  const add = (one: FileModel, at: string) => {
    if (taken.has(one.name)) throw invalid(at, 'another model has that name');
    taken.add(one.name);
    models.push(one);
  };
  const names = new Set<string>();
  const backends = data.backends.map((given, index): FileBackend => {
    const at = `backends[${index}]`;
    if (names.has(given.name)) throw invalid(`${at}.name`, 'another backend has that name');
    names.add(given.name);
    try {
      checkUrl(given.url, policy);
    } catch (error) {
      throw invalid(`${at}.url`, error instanceof Error ? error.message : 'it is not a URL');
    }
    for (const [modelAt, { alias, ...target }] of given.models.entries()) {
      add({ name: alias, goal: 'weights', regions: [], limits: {}, targets: [{ weight: 1, order: 0, region: null, enabled: true, ...target, backend: given.name }] }, `${at}.models[${modelAt}].alias`);
    }
    return { id: fixedId(`config:${given.name}`), name: given.name, kind: given.kind, url: given.url, options: given.options, keys: keysOf(given, at, folder, env) };
  });
  for (const [index, one] of data.models.entries()) {
    add(one, `models[${index}].name`);
    for (const [targetAt, target] of one.targets.entries()) {
      if (target.backend !== LOCAL && !names.has(target.backend)) throw invalid(`models[${index}].targets[${targetAt}].backend`, 'no backend has that name');
    }
  }
  return { backends, models, limits: callLimits({ ...data.deadlines, ...data.routing }, DEFAULT_LIMITS) };
}

function keysOf(given: z.infer<typeof backend>, at: string, folder: string, env: Readonly<Record<string, string | undefined>>): FileKey[] {
  const only = readKey(given, at, folder, env);
  if (only !== null) return [{ id: fixedId(`config:${given.name}`), label: 'default', key: only, limits: { requestsPerMinute: null, tokensPerMinute: null, parallel: null } }];
  const labels = new Set<string>();
  return given.keys.map((one, index): FileKey => {
    if (labels.has(one.label)) throw invalid(`${at}.keys[${index}].label`, 'another key of this backend has that label');
    labels.add(one.label);
    const { label, requestsPerMinute, tokensPerMinute, parallel } = one;
    return { id: fixedId(`config:${given.name}:${label}`), label, key: readKey(one, `${at}.keys[${index}]`, folder, env)!, limits: { requestsPerMinute, tokensPerMinute, parallel } };
  });
}

/**
 * An id for what has no row: the same name has the same id at every start, so that prices and usage can refer to it.
 * UUIDv8 (RFC 9562) from a hash.
 */
export function fixedId(name: string): string {
  const bytes = createHash('sha256').update(`tandem-backend:${name}`).digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function readKey(given: { readonly key?: string | undefined; readonly keyFile?: string | undefined; readonly keyEnv?: string | undefined }, at: string, folder: string, env: Readonly<Record<string, string | undefined>>): string | null {
  if (given.key !== undefined) return given.key;
  let found: string | undefined;
  let field: string;
  if (given.keyFile !== undefined) {
    field = `${at}.keyFile`;
    try {
      found = readFileSync(isAbsolute(given.keyFile) ? given.keyFile : join(folder, given.keyFile), 'utf8').trim();
    } catch {
      throw invalid(field, 'that file cannot be read');
    }
  } else if (given.keyEnv !== undefined) {
    field = `${at}.keyEnv`;
    found = env[given.keyEnv]?.trim();
    if (found === undefined || found === '') throw invalid(field, 'that variable is not set');
  } else {
    return null;
  }
  // The value itself is never quoted.
  if (!keyText.safeParse(found).success) throw invalid(field, 'it does not hold a key (printable ASCII without spaces)');
  return found;
}

function place(path: readonly PropertyKey[]): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('').replace(/^\./, '');
}

function invalid(where: string, reason: string): TandemError {
  return new TandemError('setting_invalid', { params: { name: `TANDEM_CONFIG: ${where}`, reason } });
}
