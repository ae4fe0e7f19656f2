import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { TandemError } from '../../base/index.ts';
import { checkUrl, type EgressPolicy } from '../../base/egress/index.ts';
import { DEFAULT_DEADLINES, type DeadlineLimits } from '../deadlines.ts';

const keyText = z.string().min(1).max(2000).regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
const seconds = z.number().positive().max(86_400);

const model = z.strictObject({
  alias: z.string().min(1).max(200).regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be a name such as team/model-7b'),
  model: z.string().min(1).max(300),
  maxOutputTokens: z.int().min(1).max(10_000_000).default(4096),
  contextTokens: z.int().min(1).max(100_000_000).nullable().default(null),
  outputLimitField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
});
const backend = z.strictObject({
  name: z.string().min(1).max(100), url: z.string().min(1).max(2000),
  key: keyText.optional(), keyFile: z.string().min(1).optional(), keyEnv: z.string().min(1).optional(),
  models: z.array(model).default([]),
}).refine((given) => [given.key, given.keyFile, given.keyEnv].filter((one) => one !== undefined).length <= 1, 'has more than one of key, keyFile and keyEnv');
const file = z.object({
  backends: z.array(backend).max(1000).default([]),
  deadlines: z.strictObject({ connectSeconds: seconds, firstTokenSeconds: seconds, gapSeconds: seconds, wholeSeconds: seconds }).partial().default({}),
});

/** A backend as the operator's file gives it, with its key read. */
export interface FileBackend {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly key: string | null;
  readonly models: readonly z.infer<typeof model>[];
}

export interface OperatorFile {
  readonly backends: readonly FileBackend[];
  readonly deadlines: DeadlineLimits;
}

/**
 * This room's parts of the operator's file: `backends` and `deadlines`. A `keyFile` is relative to the file's folder.
 * @throws TandemError setting_invalid naming the place in the file, as in `backends[0].models[1].alias`.
 */
export function readOperatorFile(options: { content: Readonly<Record<string, unknown>>; folder: string; env: Readonly<Record<string, string | undefined>>; policy: EgressPolicy }): OperatorFile {
  const { content, folder, env, policy } = options;
  const parsed = file.safeParse({ backends: content['backends'], deadlines: content['deadlines'] });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(place(issue?.path ?? []), issue?.message ?? 'it is not of the known form');
  }
  const names = new Set<string>();
  const aliases = new Set<string>();
  const backends = parsed.data.backends.map((given, index): FileBackend => {
    const at = `backends[${index}]`;
    if (names.has(given.name)) throw invalid(`${at}.name`, 'another backend has that name');
    names.add(given.name);
    try {
      checkUrl(given.url, policy);
    } catch (error) {
      throw invalid(`${at}.url`, error instanceof Error ? error.message : 'it is not a URL');
    }
    for (const [modelAt, { alias }] of given.models.entries()) {
      if (aliases.has(alias)) throw invalid(`${at}.models[${modelAt}].alias`, 'another model has that name');
      aliases.add(alias);
    }
    return { id: fixedId(`config:${given.name}`), name: given.name, url: given.url, key: readKey(given, at, folder, env), models: given.models };
  });
  const { connectSeconds, firstTokenSeconds, gapSeconds, wholeSeconds } = parsed.data.deadlines;
  const ms = (given: number | undefined, fallback: number) => (given === undefined ? fallback : given * 1000);
  return {
    backends,
    deadlines: {
      connectMs: ms(connectSeconds, DEFAULT_DEADLINES.connectMs), firstTokenMs: ms(firstTokenSeconds, DEFAULT_DEADLINES.firstTokenMs),
      gapMs: ms(gapSeconds, DEFAULT_DEADLINES.gapMs), wholeMs: ms(wholeSeconds, DEFAULT_DEADLINES.wholeMs),
    },
  };
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

function readKey(given: z.infer<typeof backend>, at: string, folder: string, env: Readonly<Record<string, string | undefined>>): string | null {
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
