import { z } from 'zod';
import { byId, currency, id, list, pico, picoPositive, time } from './common.ts';
import { route } from './route.ts';

const scopeKind = z.enum(['organisation', 'project']);
const most = z.int().min(0).max(1_000_000).nullable().default(null);
const quota = z.object({
  id, scope: z.object({ kind: scopeKind, id, name: z.string() }), nodes: z.int().nullable().describe('Machines at a time; null: no limit'), gpus: z.int().nullable().describe('GPUs and slices at a time'), leases: z.int().nullable().describe('Leases at a time'),
  spend: z.object({ amount: pico, currency }).nullable().describe('What providers may bill for it in a calendar month (UTC)'), byOperator: z.boolean().describe('Set by the operator: the organisation cannot take it away'), setBy: z.string(), createdAt: time,
});

const workKind = z.enum(['approval', 'quarantined', 'sick', 'order', 'setup', 'step']);
const operatorMinutes = z.object({
  month: z.string(), nodes: z.number().describe('The mean number of nodes in the month so far'), minutes: z.int().describe('In which a machine waited for a person, nights included'), steps: z.int().describe('Done by hand'),
  minutesPerNode: z.number().nullable().describe('Null: there was no node'), price: z.object({ currency, minute: pico, step: pico }).nullable().describe('Of the resource operator/minutes; null: the operator has set nothing'), cost: pico.nullable(),
  kinds: z.array(z.object({ kind: workKind, count: z.int(), minutes: z.int() })), setup: z.object({ count: z.int(), meanSeconds: z.int(), longestSeconds: z.int() }).nullable().describe('From a line that was made by hand to a node that could be leased'),
  waiting: z.array(z.object({ kind: workKind, subject: z.string().describe('The id of the node or order'), name: z.string(), detail: z.string(), since: time, minutes: z.int() })).describe('What waits for somebody now, the longest in front'),
});

export const quotaRoutes = {
  operatorMinutes: route({ id: 'operator.minutes', method: 'GET', path: '/api/operator-minutes', summary: 'Minutes in which machines waited for a person, and steps done by hand: what managing machines costs besides the machines', access: 'costs.read', status: 200,
    query: z.object({ month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11').optional() }), reply: operatorMinutes }),
  quotaList: route({ id: 'quotas.list', method: 'GET', path: '/api/quotas', summary: 'Quotas of machines, GPUs, leases and what providers bill in a month', access: 'leases.read', status: 200, reply: list(quota) }),
  quotaSet: route({ id: 'quotas.set', method: 'POST', path: '/api/quotas', summary: 'Set the quota of the organisation or a project, in the place of what was set before; the operator may set one for any organisation', access: 'pools.write', status: 200,
    body: z.object({ scope: z.object({ kind: scopeKind, id }), nodes: most, gpus: most, leases: most, spend: picoPositive.nullable().default(null).describe('Picodollars of the organisation\'s currency, in a calendar month') }), reply: quota }),
  quotaRemove: route({ id: 'quotas.remove', method: 'DELETE', path: '/api/quotas/{id}', summary: 'Remove a quota', access: 'pools.write', status: 204, params: byId }),
};
