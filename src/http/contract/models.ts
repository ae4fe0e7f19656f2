import { z } from 'zod';
import { BACKEND_KINDS, backendOptions, configForm, goalForm, keyLabel, keyLimitsForm, keyText, limitsForm, regionName, targetForm } from '../../models/index.ts';
import { alias, byId, id, list, name, picoPositive, time } from './common.ts';
import { bucket } from './ledger.ts';
import { route } from './route.ts';

const health = z.object({ state: z.enum(['ready', 'starting', 'degraded', 'unavailable', 'unknown']), reason: z.string().nullable(), since: time.nullable() });
const unitPrice = z.object({ price: picoPositive, per: z.string() });
const prices = z.partialRecord(bucket, unitPrice).nullable();
const backendName = z.object({ id, name: z.string(), kind: z.enum(BACKEND_KINDS) });
const limits = z.object({
  attempts: z.int(), attemptsWithinSeconds: z.number(), connectSeconds: z.number(), headSeconds: z.number(), firstTokenSeconds: z.number(), gapSeconds: z.number(), wholeSeconds: z.number(),
  hedge: z.object({ afterMs: z.int().nullable(), share: z.number() }).nullable(),
});
const target = z.object({
  ...targetForm, weight: z.int(), order: z.int(), region: z.string().nullable(), enabled: z.boolean(), contextTokens: z.int().nullable(), maxOutputTokens: z.int(),
  outputLimitField: z.enum(['max_tokens', 'max_completion_tokens']), can: targetForm.can.unwrap(),
  backend: backendName, health,
  breaker: z.object({ state: z.enum(['closed', 'open', 'half-open']), reason: z.string().nullable(), since: time.nullable(), againAt: time.nullable() }).describe('Of the process that answers'),
  running: z.int(), firstTokenMs: z.int().nullable().describe('As lately seen by the process that answers'), cost: prices.optional().describe('Null: unknown; absent: not the caller\'s to see'),
});
const from = z.enum(['built-in', 'config', 'api', 'fleet']).describe('`fleet`: its targets are replicas of tandem gpu serve');
const model = z.object({
  name: z.string(), goal: goalForm, regions: z.array(z.string()), limits, targets: z.array(target), from,
  backend: backendName.describe('Of the first target, as are backendModel, contextTokens, maxOutputTokens and cost'), backendModel: z.string(),
  contextTokens: z.number().int().nullable(), maxOutputTokens: z.number().int(), health: health.describe('Of the best target'), enabled: z.boolean(),
  price: prices.describe('What callers pay; null: no price, so calls are refused'), cost: prices.optional().describe('What the backend costs us; null: unknown; absent: not the caller\'s to see'),
  currency: z.string(), createdAt: time,
});
const backend = z.object({
  id, name: z.string(), kind: z.enum(BACKEND_KINDS), url: z.string().nullable(), options: z.record(z.string(), z.string()), hasKey: z.boolean().describe('A key is sealed here; it is never shown again'),
  keys: z.array(z.object({
    label: z.string(), requestsPerMinute: z.int().nullable(), tokensPerMinute: z.int().nullable(), parallel: z.int().nullable(),
    state: z.enum(['ready', 'resting', 'full', 'unreadable']), reason: z.string().nullable(), since: time.nullable(), againAt: time.nullable(),
  })),
  enabled: z.boolean(), health, from, createdAt: time,
});
const byName = z.object({ name: alias });
const newTarget = z.object({ backendId: id, ...targetForm });
const settings = { goal: goalForm.optional(), regions: z.array(regionName).max(50).optional(), limits: limitsForm.optional() };
const change = z.object({
  action: z.enum(['add', 'change', 'remove']), kind: z.enum(['project', 'backend', 'key', 'model', 'price', 'budget', 'limit']), name: z.string(),
  fields: z.array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
});
const plan = z.object({ changes: z.array(change), same: z.int().describe('How many things are as the file says'), fingerprint: z.string().describe('Of the state that the plan was made against') });
const byKey = z.object({ id, label: z.string().max(60) });

export const modelRoutes = {
  configShow: route({ id: 'config.show', method: 'GET', path: '/api/config', summary: 'Projects, backends, models, prices, budgets and limits as a file, without secrets', access: 'models.read', status: 200,
    reply: z.object({ config: configForm, fingerprint: z.string() }) }),
  configPlan: route({ id: 'config.plan', method: 'POST', path: '/api/config/plan', summary: 'What applying a configuration would change', access: 'models.write', status: 200, body: z.object({ config: configForm }), reply: plan }),
  configApply: route({ id: 'config.apply', method: 'POST', path: '/api/config/apply', summary: 'Apply a configuration as it was planned', access: 'models.write', status: 200,
    body: z.object({ config: configForm, fingerprint: z.string().max(100).describe('Of the plan: a plan made against another state is refused') }), reply: plan }),
  modelList: route({ id: 'models.list', method: 'GET', path: '/api/models', summary: 'Model aliases, their targets, health and prices', access: 'models.read', status: 200, reply: list(model) }),
  modelShow: route({ id: 'models.show', method: 'GET', path: '/api/models/{name}', summary: 'One alias with its targets, their breakers and prices', access: 'models.read', status: 200, params: byName, reply: model }),
  modelCreate: route({ id: 'models.create', method: 'POST', path: '/api/models', summary: 'Make an alias of one model on a backend, or of several targets', access: 'models.write', status: 201,
    body: z.object({ name: alias, backendId: id.optional(), backendModel: targetForm.model.optional(), contextTokens: targetForm.contextTokens, maxOutputTokens: targetForm.maxOutputTokens,
      targets: z.array(newTarget).min(1).max(100).optional().describe('Instead of backendId and the three after it'), ...settings }), reply: model }),
  modelUpdate: route({ id: 'models.update', method: 'PATCH', path: '/api/models/{name}', summary: 'Change how an alias finds its target; what is left out stays', access: 'models.write', status: 200, params: byName,
    body: z.object({ targets: z.array(newTarget).min(1).max(100).optional(), ...settings }), reply: model }),
  modelRemove: route({ id: 'models.remove', method: 'DELETE', path: '/api/models/{name}', summary: 'Remove an alias', access: 'models.write', status: 204, params: byName }),
  backendList: route({ id: 'backends.list', method: 'GET', path: '/api/backends', summary: 'Backends', access: 'models.read', status: 200, reply: list(backend) }),
  backendCreate: route({ id: 'backends.create', method: 'POST', path: '/api/backends', summary: 'Add a backend; its key is sealed', access: 'models.write', status: 201,
    body: z.object({ name, url: z.url().max(2000), kind: z.enum(BACKEND_KINDS).exclude(['local']).default('openai-compatible'), options: backendOptions.default({}), key: keyText.optional() }), reply: backend }),
  backendUpdate: route({ id: 'backends.update', method: 'PATCH', path: '/api/backends/{id}', summary: 'Change a backend; what is left out stays', access: 'models.write', status: 200, params: byId,
    body: z.object({ name: name.optional(), key: keyText.nullable().optional(), enabled: z.boolean().optional(), options: backendOptions.optional(), url: z.url().max(2000).optional(), kind: z.enum(BACKEND_KINDS).exclude(['local']).optional() }), reply: backend }),
  backendKeyCreate: route({ id: 'backends.keys.set', method: 'POST', path: '/api/backends/{id}/keys', summary: 'Add a key under a label, replace it, or change its limits', access: 'models.write', status: 200, params: byId,
    body: z.object({ label: keyLabel, key: keyText.optional(), requestsPerMinute: keyLimitsForm.requestsPerMinute.unwrap().optional(), tokensPerMinute: keyLimitsForm.tokensPerMinute.unwrap().optional(), parallel: keyLimitsForm.parallel.unwrap().optional() }), reply: backend }),
  backendKeyRemove: route({ id: 'backends.keys.remove', method: 'DELETE', path: '/api/backends/{id}/keys/{label}', summary: 'Remove a key of a backend', access: 'models.write', status: 204, params: byKey }),
  backendRemove: route({ id: 'backends.remove', method: 'DELETE', path: '/api/backends/{id}', summary: 'Remove a backend that no alias uses', access: 'models.write', status: 204, params: byId }),
  backendCheck: route({ id: 'backends.check', method: 'POST', path: '/api/backends/{id}/check', summary: 'Call the backend once and say what it answers', access: 'models.write', status: 200, params: byId,
    reply: z.object({ ok: z.boolean(), latencyMs: z.number().nullable(), models: z.array(z.string()), problem: z.string().nullable(), next: z.string().nullable() }) }),
};
