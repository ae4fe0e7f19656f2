import { z } from 'zod';
import { METRICS } from '../../ledger/index.ts';
import { byId, id, list, time } from './common.ts';
import { route } from './route.ts';

const scopeKind = z.enum(['organisation', 'project', 'key']);
const metric = z.enum(METRICS).describe('requests and tokens: admitted in a minute of the clock (UTC); parallel: calls that run at once');
const amount = z.number().int().min(0).max(1_000_000_000_000);
const subject = z.object({
  kind: z.enum(['project', 'key', 'model', 'user', 'tag']).describe('By what the scope\'s calls are counted'),
  name: z.string().min(1).max(1_000).nullable().describe('The model, user or tag that is limited; null: each one by itself'),
});
const limit = z.object({
  id, scope: z.object({ kind: scopeKind, id, name: z.string() }), subject: subject.nullable().describe('null: all calls of the scope together'), metric, amount,
  holder: z.string().describe('In words: whom it holds'), createdAt: time,
});

export const limitRoutes = {
  limitList: route({ id: 'limits.list', method: 'GET', path: '/api/limits', summary: 'Limits on requests, tokens and parallel calls', access: 'budgets.read', status: 200, reply: list(limit) }),
  limitCreate: route({ id: 'limits.create', method: 'POST', path: '/api/limits', summary: 'Limit requests, tokens or parallel calls, over all processes', access: 'budgets.write', status: 201,
    body: z.object({ scope: z.object({ kind: scopeKind, id }), subject: subject.nullable().default(null), metric, amount }), reply: limit }),
  limitUpdate: route({ id: 'limits.update', method: 'PATCH', path: '/api/limits/{id}', summary: 'Change the amount; in force everywhere within a second', access: 'budgets.write', status: 200, params: byId, body: z.object({ amount }), reply: limit }),
  limitRemove: route({ id: 'limits.remove', method: 'DELETE', path: '/api/limits/{id}', summary: 'Remove a limit', access: 'budgets.write', status: 204, params: byId }),
};
