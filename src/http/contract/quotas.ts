import { z } from 'zod';
import { byId, currency, id, list, pico, time } from './common.ts';
import { route } from './route.ts';

const scopeKind = z.enum(['organisation', 'project']);
const most = z.int().min(0).max(1_000_000).nullable().default(null);
const quota = z.object({
  id, scope: z.object({ kind: scopeKind, id, name: z.string() }), nodes: z.int().nullable().describe('Machines at a time; null: no limit'), gpus: z.int().nullable().describe('GPUs and slices at a time'), leases: z.int().nullable().describe('Leases at a time'),
  spend: z.object({ amount: pico, currency }).nullable().describe('What providers may bill for it in a calendar month (UTC)'), byOperator: z.boolean().describe('Set by the operator: the organisation cannot take it away'), setBy: z.string(), createdAt: time,
});

export const quotaRoutes = {
  quotaList: route({ id: 'quotas.list', method: 'GET', path: '/api/quotas', summary: 'Quotas of machines, GPUs, leases and what providers bill in a month', access: 'leases.read', status: 200, reply: list(quota) }),
  quotaSet: route({ id: 'quotas.set', method: 'POST', path: '/api/quotas', summary: 'Set the quota of the organisation or a project, in the place of what was set before; the operator may set one for any organisation', access: 'pools.write', status: 200,
    body: z.object({ scope: z.object({ kind: scopeKind, id }), nodes: most, gpus: most, leases: most, spend: pico.nullable().default(null).describe('Picodollars of the organisation\'s currency, in a calendar month') }), reply: quota }),
  quotaRemove: route({ id: 'quotas.remove', method: 'DELETE', path: '/api/quotas/{id}', summary: 'Remove a quota', access: 'pools.write', status: 204, params: byId }),
};
