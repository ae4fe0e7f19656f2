import { z } from 'zod';
import { byId, count, id, list, name, rotation, time } from './common.ts';
import { route } from './route.ts';

const url = z.string().min(1).max(2_000);
const deadlineMs = z.number().int().min(50).max(10_000);
const onFailure = z.enum(['open', 'closed']);
const stage = z.enum(['request', 'reply', 'both']).describe('What it is asked about');
const hook = z.object({
  id, name: z.string(), projectId: id.nullable().describe('Null: of the whole organisation'), url: z.string(), stage, deadlineMs: z.number().int(),
  onFailure: onFailure.describe('What becomes of a call when the hook fails: it goes on, or it does not'), enabled: z.boolean(), createdAt: time,
  asked: count.describe('Questions so far; a second or two behind'), failed: count.describe('Questions without an answer that could be used'), lastFailedAt: time.nullable(), lastProblem: z.string().nullable(),
});
const stageOf = z.enum(['request', 'reply']);

export const hookRoutes = {
  hookList: route({ id: 'hooks.list', method: 'GET', path: '/api/hooks', summary: 'Addresses that are asked about calls of models', access: 'webhooks.read', status: 200, reply: list(hook) }),
  hookCreate: route({ id: 'hooks.create', method: 'POST', path: '/api/hooks', summary: 'Have an address asked about requests, replies or both: it may block, change or annotate; its signing secret is shown once', access: 'webhooks.write', status: 201,
    body: z.object({ name, url, projectId: id.nullable().default(null).describe('Null: the whole organisation'), stage: stage.default('request'), deadlineMs: deadlineMs.default(1_000), onFailure: onFailure.default('closed'), enabled: z.boolean().default(true) }),
    reply: z.object({ hook, secret: z.string().describe('Shown once, never again') }) }),
  hookUpdate: route({ id: 'hooks.update', method: 'PATCH', path: '/api/hooks/{id}', summary: 'Change a hook, or switch it off and on', access: 'webhooks.write', status: 200, params: byId,
    body: z.object({ name: name.optional(), url: url.optional(), stage: stage.optional(), deadlineMs: deadlineMs.optional(), onFailure: onFailure.optional(), enabled: z.boolean().optional() }), reply: hook }),
  hookRotate: route({ id: 'hooks.rotate', method: 'POST', path: '/api/hooks/{id}/rotate', summary: 'Replace a hook\'s signing secret; both sign for a day', access: 'webhooks.write', status: 200, params: byId, body: z.object({}), reply: rotation }),
  hookTest: route({ id: 'hooks.test', method: 'POST', path: '/api/hooks/{id}/test', summary: 'Ask a hook about a call that nobody made, marked "test": true', access: 'webhooks.write', status: 200, params: byId, body: z.object({}),
    reply: z.object({ tries: z.array(z.object({ stage: stageOf, action: z.enum(['allow', 'block', 'replace']).nullable().describe('Null: it failed'), problem: z.string().nullable(), ms: z.number().int() })) }) }),
  hookFailures: route({ id: 'hook-failures.list', method: 'GET', path: '/api/hooks/{id}/failures', summary: 'A hook\'s newest hundred failures, without anything of the calls', access: 'webhooks.read', status: 200, params: byId,
    reply: list(z.object({ id, callId: id, stage: stageOf, problem: z.string(), at: time })) }),
  hookRemove: route({ id: 'hooks.remove', method: 'DELETE', path: '/api/hooks/{id}', summary: 'Ask an address no more', access: 'webhooks.write', status: 204, params: byId }),
};
