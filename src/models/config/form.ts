import { z } from 'zod';
import { BUCKETS, BUDGET_SUBJECTS, METRICS, type Bucket } from '../../ledger/index.ts';
import { backendOptions, goalForm, keyLabel, keyLimitsForm, keyText, limitsForm, regionName, targetForm } from '../registry/forms.ts';
import { BACKEND_KINDS } from '../registry/target.ts';

/**
 * A configuration as a file: what an organisation has, by names and without ids. A part that is there is the whole of its kind,
 * so what it leaves out is removed; a part that is not there is left alone. Prices are never removed, and neither are projects.
 */

const name = z.string().trim().min(1).max(100);
const alias = z.string().min(1).max(200).regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'must be a model name such as team/model-7b');
/** As many digits as an amount in picodollars may have elsewhere. */
const AMOUNT = /^\d{1,26}(?:\.\d{1,12})?$/;
const amount = z.string().regex(AMOUNT, 'must be an amount such as 25.00');
const scope = z.string().regex(/^(organisation|project:.+|key:.+)$/, 'must be organisation, project:NAME or key:NAME');
const unit = z.union([amount, z.strictObject({ price: z.string().regex(/^\d{1,38}$/), per: z.string().regex(/^[1-9]\d{0,37}$/) })]);

const key = z.strictObject({ label: keyLabel, key: keyText.optional().describe('Absent: the one that is sealed here'), ...keyLimitsForm });
const backend = z.strictObject({
  name, kind: z.enum(BACKEND_KINDS).exclude(['local']).default('openai-compatible'), url: z.url().max(2000), options: backendOptions.default({}), enabled: z.boolean().default(true), keys: z.array(key).max(100).default([]),
});
const model = z.strictObject({
  name: alias, goal: goalForm.default('weights'), regions: z.array(regionName).max(50).default([]), limits: limitsForm.default({}),
  targets: z.array(z.strictObject({ backend: name.describe('A backend of this file, of the operator\'s file, or `local`'), ...targetForm })).min(1).max(100),
});
const price = z.strictObject({
  model: alias, tier: z.enum(['standard', 'contributor', 'priority', 'flex']).default('standard'), costOf: name.nullable().default(null).describe('A backend: what it costs us, instead of what callers pay'),
  buckets: z.partialRecord(z.enum(BUCKETS), unit).describe('In the organisation\'s currency for a million tokens, for one request or for one cached reply; or picodollars per a quantity'),
  source: z.string().min(1).max(300).default('the configuration'),
});
const budget = z.strictObject({
  scope, period: z.enum(['day', 'month', 'total']).default('month'), amount, alertShares: z.array(z.int().min(1).max(100)).max(10).default([]),
  subject: z.strictObject({ kind: z.enum(BUDGET_SUBJECTS), name: z.string().min(1).max(200).nullable().default(null) }).nullable().default(null),
});
const limit = z.strictObject({
  scope, metric: z.enum(METRICS), amount: z.int().min(0).max(1_000_000_000_000),
  subject: z.strictObject({ kind: z.enum(['project', 'key', 'model', 'user', 'tag']), name: z.string().min(1).max(1_000).nullable().default(null) }).nullable().default(null),
});

export const configForm = z.strictObject({
  $schema: z.string().optional(),
  /** What a project leaves out stays as it is. */
  projects: z.array(z.strictObject({ name, paysAttempts: z.boolean().optional() })).max(1_000).optional(),
  backends: z.array(backend).max(1_000).optional(),
  models: z.array(model).max(10_000).optional(),
  prices: z.array(price).max(20_000).optional(),
  budgets: z.array(budget).max(10_000).optional(),
  limits: z.array(limit).max(10_000).optional(),
});

export type ConfigFile = z.output<typeof configForm>;
export type ConfigInput = z.input<typeof configForm>;
export type ConfigBackend = NonNullable<ConfigFile['backends']>[number];
export type ConfigModel = NonNullable<ConfigFile['models']>[number];
export type ConfigPrice = NonNullable<ConfigFile['prices']>[number];
export type ConfigBudget = NonNullable<ConfigFile['budgets']>[number];
export type ConfigLimit = NonNullable<ConfigFile['limits']>[number];

/** Whether the file's form of an amount has room for it. */
export const isAmount = (text: string): boolean => AMOUNT.test(text);

/** What a short price is for: one of these, and a million of everything else. */
export const PER_ONE: ReadonlySet<Bucket> = new Set(['request', 'cached_reply']);
