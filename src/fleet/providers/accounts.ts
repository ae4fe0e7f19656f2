import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { TandemError, isCurrency, parseAmount, type Clock } from '../../base/index.ts';
import { checkUrl, type EgressPolicy } from '../../base/egress/index.ts';
import { Ec2Mac } from './ec2/ec2-mac.ts';
import { Lambda } from './lambda/lambda.ts';
import type { MachineProvider, OfferPrice } from './provider.ts';
import type { ProviderClient } from './provider-client.ts';
import { Scaleway } from './scaleway/scaleway.ts';
import { StaticMacs, type StaticClaims } from './static/static-macs.ts';

const text = z.string().min(1).max(300);
const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a name such as macs-paris');
const place = z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be a zone or region such as fr-par-1');
const price = z.strictObject({ amount: z.string().refine((given) => parseAmount(given) !== undefined, 'must be an amount per hour such as "0.29"'), currency: z.string().refine(isCurrency, 'must be a currency code such as EUR') });
const url = z.string().min(1).max(2_000);
/** One of the three says where the secret is, as for backends. */
const secret = { key: text.optional(), keyFile: text.optional(), keyEnv: text.optional() };
/** The private key whose public one the provider puts on its machines: by it this server enters them for the first time. */
const sshKeyFile = text.optional();
const prices = z.record(text, price).default({});

const account = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('scaleway'), name, url: url.default('https://api.scaleway.com'), zone: place, projectId: text, prices, sshKeyFile, ...secret }),
  z.strictObject({
    kind: z.literal('ec2-mac'), name, url: url.optional(), region: place, zone: place, accessKeyId: text, keyName: text, subnetId: text.optional(), securityGroupId: text.optional(), images: z.record(text, text), prices, sshKeyFile, ...secret,
  }),
  z.strictObject({ kind: z.literal('lambda'), name, url: url.default('https://cloud.lambda.ai'), region: place, sshKeyName: text, sshKeyFile, ...secret }),
  z.strictObject({
    kind: z.literal('static'), name, reinstallUrl: url.optional(), sshKeyFile, ...secret,
    machines: z.array(z.strictObject({ id: name, offer: name, host: text, port: z.int().min(1).max(65_535).default(22), user: text, hostKey: text.optional() })).min(1).max(10_000),
  }),
]);

export interface AccountsOptions {
  /** The operator's `providers`. */
  readonly content: unknown;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly policy: EgressPolicy;
  readonly client: ProviderClient;
  readonly clock: Clock;
  readonly claims: (provider: string) => StaticClaims;
}

/** The operator's accounts by name. @throws TandemError setting_invalid naming the place in the file. */
export function readAccounts({ content, folder, env, policy, client, clock, claims }: AccountsOptions): ReadonlyMap<string, MachineProvider> {
  const made = new Map<string, MachineProvider>();
  for (const [index, given] of parse(content).entries()) {
    const at = `providers[${index}]`;
    if (made.has(given.name)) throw invalid(`${at}.name`, 'another provider has that name');
    const address = (field: string, value: string): string => {
      try {
        return checkUrl(value, policy).href.replace(/\/$/, '');
      } catch (error) {
        throw invalid(`${at}.${field}`, error instanceof Error ? error.message : 'it is not a URL');
      }
    };
    const key = readSecret(given, at, folder, env);
    const needed = (): string => {
      if (key === null) throw invalid(at, 'needs one of key, keyFile and keyEnv');
      return key;
    };
    switch (given.kind) {
      case 'scaleway':
        made.set(given.name, new Scaleway({ ...given, url: address('url', given.url), secretKey: needed(), prices: pricesOf(given.prices) }, client, clock));
        break;
      case 'ec2-mac': {
        const known = pricesOf(given.prices);
        const types = new Map(Object.entries(given.images).map(([type, image]) => [type, { image, perHour: known.get(type) ?? null }]));
        made.set(given.name, new Ec2Mac({
          ...given, url: address('url', given.url ?? `https://ec2.${given.region}.amazonaws.com`), secretAccessKey: needed(), subnetId: given.subnetId ?? null, securityGroupId: given.securityGroupId ?? null, types,
        }, client, clock));
        break;
      }
      case 'lambda':
        made.set(given.name, new Lambda({ ...given, url: address('url', given.url), apiKey: needed() }, client, clock));
        break;
      case 'static':
        made.set(given.name, new StaticMacs({
          name: given.name, machines: given.machines.map((one) => ({ ...one, hostKey: one.hostKey ?? null })), reinstallUrl: given.reinstallUrl === undefined ? null : address('reinstallUrl', given.reinstallUrl), reinstallKey: key,
        }, claims(given.name), client, clock));
    }
  }
  return made;
}

/** Where the private keys are that enter new machines, by account. @throws TandemError setting_invalid. */
export function readEntryKeys(content: unknown, folder: string): ReadonlyMap<string, string> {
  return new Map(parse(content).flatMap(({ name: account, sshKeyFile: file }, index) => {
    if (file === undefined) return [];
    const path = resolve(folder, file);
    if (!existsSync(path)) throw invalid(`providers[${index}].sshKeyFile`, 'there is no such file');
    return [[account, path] as const];
  }));
}

function parse(content: unknown): z.infer<typeof account>[] {
  const parsed = z.array(account).max(100).safeParse(content ?? []);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`providers${(issue?.path ?? []).map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')}`, issue?.message ?? 'it is not of the known form');
}

function pricesOf(given: Readonly<Record<string, z.infer<typeof price>>>): ReadonlyMap<string, OfferPrice> {
  return new Map(Object.entries(given).map(([offer, { amount, currency }]) => [offer, { amount: parseAmount(amount)!, currency }]));
}

/** Null: none is given. */
export function readSecret({ key, keyFile, keyEnv }: { key?: string | undefined; keyFile?: string | undefined; keyEnv?: string | undefined }, at: string, folder: string, env: Readonly<Record<string, string | undefined>>): string | null {
  if ([key, keyFile, keyEnv].filter((one) => one !== undefined).length > 1) throw invalid(at, 'has more than one of key, keyFile and keyEnv');
  if (key !== undefined) return key;
  if (keyEnv !== undefined) {
    const value = env[keyEnv];
    if (value === undefined || value === '') throw invalid(`${at}.keyEnv`, `the variable ${keyEnv} is not set`);
    return value;
  }
  if (keyFile === undefined) return null;
  try {
    return readFileSync(resolve(folder, keyFile), 'utf8').trim();
  } catch {
    throw invalid(`${at}.keyFile`, 'the file cannot be read');
  }
}

function invalid(where: string, reason: string): TandemError {
  return new TandemError('setting_invalid', { params: { name: `TANDEM_CONFIG: ${where}`, reason } });
}
