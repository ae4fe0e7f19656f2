import { z } from 'zod';
import { BACKEND_KINDS } from '../../models/index.ts';
import { alias, byId, id, list, name, picoPositive, time } from './common.ts';
import { bucket } from './ledger.ts';
import { route } from './route.ts';

const health = z.object({ state: z.enum(['ready', 'starting', 'degraded', 'unavailable', 'unknown']), reason: z.string().nullable(), since: time.nullable() });
const unitPrice = z.object({ price: picoPositive, per: z.string() });
const model = z.object({
  name: z.string(), backend: z.object({ id, name: z.string(), kind: z.enum(BACKEND_KINDS) }), backendModel: z.string(),
  contextTokens: z.number().int().nullable(), maxOutputTokens: z.number().int(), health, enabled: z.boolean(),
  price: z.partialRecord(bucket, unitPrice).nullable().describe('What callers pay; null: no price, so calls are refused'), cost: z.partialRecord(bucket, unitPrice).nullable().describe('What the backend costs us; null: unknown'),
  currency: z.string(), createdAt: time,
});
const backend = z.object({
  id, name: z.string(), kind: z.enum(BACKEND_KINDS), url: z.string().nullable(), hasKey: z.boolean().describe('A key is sealed here; it is never shown again'),
  enabled: z.boolean(), health, from: z.enum(['built-in', 'config', 'api']), createdAt: time,
});
const keyText = z.string().min(1).max(2000).regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
const byName = z.object({ name: alias });

export const modelRoutes = {
  modelList: route({ id: 'models.list', method: 'GET', path: '/api/models', summary: 'Model aliases, their targets, health and prices', access: 'models.read', status: 200, reply: list(model) }),
  modelCreate: route({ id: 'models.create', method: 'POST', path: '/api/models', summary: 'Make an alias of a model on a backend', access: 'models.write', status: 201,
    body: z.object({ name: alias, backendId: id, backendModel: z.string().min(1).max(300), contextTokens: z.number().int().min(1).max(100_000_000).nullable().default(null), maxOutputTokens: z.number().int().min(1).max(10_000_000).default(4096) }), reply: model }),
  modelRemove: route({ id: 'models.remove', method: 'DELETE', path: '/api/models/{name}', summary: 'Remove an alias', access: 'models.write', status: 204, params: byName }),
  contentList: route({ id: 'content.list', method: 'GET', path: '/api/content', summary: 'How much content is kept, by project and function', access: 'projects.read', status: 200,
    reply: list(z.object({ projectId: id, projectName: z.string().nullable(), purpose: z.string(), count: z.number().int(), bytes: z.number().int(), oldest: time })) }),
  contentPurge: route({ id: 'content.purge', method: 'POST', path: '/api/projects/{id}/purge', summary: 'Remove all content of a project; its usage and bills stay', access: 'projects.write', status: 200, params: byId,
    body: z.object({ name: z.string().max(100).describe('The project\'s name, as a safeguard') }), reply: z.object({ removed: z.number().int() }) }),
  backendList: route({ id: 'backends.list', method: 'GET', path: '/api/backends', summary: 'Backends', access: 'models.read', status: 200, reply: list(backend) }),
  backendCreate: route({ id: 'backends.create', method: 'POST', path: '/api/backends', summary: 'Add an OpenAI-compatible backend; its key is sealed', access: 'models.write', status: 201,
    body: z.object({ name, url: z.url().max(2000), key: keyText.optional() }), reply: backend }),
  backendUpdate: route({ id: 'backends.update', method: 'PATCH', path: '/api/backends/{id}', summary: 'Change name, key or whether it is used', access: 'models.write', status: 200, params: byId,
    body: z.object({ name: name.optional(), key: keyText.nullable().optional(), enabled: z.boolean().optional() }), reply: backend }),
  backendRemove: route({ id: 'backends.remove', method: 'DELETE', path: '/api/backends/{id}', summary: 'Remove a backend that no alias uses', access: 'models.write', status: 204, params: byId }),
  backendCheck: route({ id: 'backends.check', method: 'POST', path: '/api/backends/{id}/check', summary: 'Call the backend once and say what it answers', access: 'models.write', status: 200, params: byId,
    reply: z.object({ ok: z.boolean(), latencyMs: z.number().nullable(), models: z.array(z.string()), problem: z.string().nullable(), next: z.string().nullable() }) }),
};
