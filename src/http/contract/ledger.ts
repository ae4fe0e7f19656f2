import { z } from 'zod';
import { BUCKETS, BUDGET_SUBJECTS } from '../../ledger/index.ts';
import { alias, byId, cost, count, currency, id, list, month, name, page, pico, picoPositive, time } from './common.ts';
import { route } from './route.ts';

/** Disjoint kinds of what is counted; a price list prices each by itself. */
export const bucket = z.enum(BUCKETS);
/** A rated line of an event. */
export const ratedLine = z.object({
  bucket, quantity: count, price: picoPositive, per: count, amount: pico,
  attempts: z.array(z.object({ attempt: z.number().int().describe('From 1, as in attempts'), quantity: count })).optional().describe('What of the quantity is of which attempt, where the project pays for attempts that did not deliver'),
});
const unitPrice = z.object({ price: picoPositive, per: count.describe('The quantity that the price is stated for') });
const tier = z.enum(['standard', 'contributor', 'priority', 'flex']).describe('Callers of this tier, or calls on this service tier');
const serviceTier = z.enum(['default', 'priority', 'flex']);

const priceVersion = z.object({
  id, resource: z.string().describe('What is priced: a model alias'), tier, side: z.enum(['sell', 'cost']).describe('What callers pay, or what a backend costs us'),
  backendId: id.nullable(), currency, buckets: z.partialRecord(bucket, unitPrice), flexBuckets: z.partialRecord(bucket, unitPrice).nullable().describe('What the same callers pay on flex; null: that goes by another list'), effectiveFrom: time, effectiveTo: time.nullable(), source: z.string(), createdAt: time, createdBy: z.string(),
});
const newPrice = z.object({
  resource: alias, tier: tier.default('standard'), side: z.enum(['sell', 'cost']).default('sell'), backendId: id.optional(), currency: currency.optional(),
  buckets: z.partialRecord(bucket, unitPrice), effectiveFrom: time.optional().describe('Never in the past; default: now'), source: z.string().min(1).max(300),
});
const priceChange = z.object({ resource: z.string(), tier, change: z.enum(['new', 'changed', 'same', 'skipped']), reason: z.string().nullable(),
  before: z.partialRecord(bucket, unitPrice).nullable(), after: z.partialRecord(bucket, unitPrice).nullable() });

const alertShares = z.array(z.number().int().min(1).max(100)).max(10).describe('Percents of the amount at which webhooks are told, such as 50, 80 and 100');
const budgetSubject = z.object({
  kind: z.enum(BUDGET_SUBJECTS).describe('By what the scope\'s calls are counted'), name: z.string().min(1).max(200).nullable().describe('The model, user or tag that the budget is for; null: each one by itself. Null for keys and projects: one of them has its budget as a scope'),
});
const budget = z.object({
  id, scope: z.object({ kind: z.enum(['organisation', 'project', 'key']), id, name: z.string() }), subject: budgetSubject.nullable().describe('null: all calls of the scope together'),
  holder: z.string().describe('In words: whom it holds'), amount: picoPositive, currency, period: z.enum(['day', 'month', 'total']),
  spent: pico.describe('Of a budget for each: by the one that spent most; held and left are of the same'), held: pico.describe('Held by calls that are running, and by slices'), left: pico, windowStart: time, windowEnd: time.nullable(), createdAt: time,
  alertShares: z.array(z.number().int()).describe('Percents of the amount at which webhooks are told, once a window'),
  each: z.object({
    names: z.number().int().describe('How many are counted in this window'), exhausted: z.number().int().describe('How many of them have nothing left'),
    most: z.array(z.object({ name: z.string().nullable().describe('null: those past the bound on names, together; empty: calls that name none; of keys and projects their ids'), label: z.string().nullable().describe('How people call it'), spent: pico, held: pico })).describe('Those that spent most'),
  }).nullable().describe('Of a budget for each: who is counted; null: it is not for each'),
});
const quantities = z.partialRecord(bucket, count);
const usageEvent = z.object({
  id, kind: z.string().max(40), resource: z.string(), serviceTier, projectId: id, projectName: z.string(), keyId: id.nullable(), keyName: z.string().nullable(), occurredAt: time, recordedAt: time,
  quantities, charge: pico, cost: cost('Null: not known'), currency, outcome: z.string(), counted: z.string(), attributes: z.record(z.string(), z.unknown()),
});
const billLine = z.object({
  projectId: id, projectName: z.string(), keyId: id.nullable(), keyName: z.string().nullable(), resource: z.string(), requests: count.describe('Calls of a model; 0 where the line is the time of machines'), quantities,
  charge: pico, cost: cost('Null: not known of every call'),
});
const bill = z.object({
  month, currency, total: pico, cost: cost('What it cost the operator; null: not known of every call'), margin: cost('Total less cost'),
  machine: pico.optional().describe('What leased machines cost for these calls, as far as their minutes are split. It is paid as leases: no part of total, cost, margin or due. Absent: the caller may not see costs'), requests: count.describe('Calls of models'), lines: z.array(billLine), state: z.enum(['open', 'closed']), invoiceNumber: z.string().nullable(),
  credits: z.object({ applied: pico, available: pico }), adjustments: pico, due: pico, postedThrough: time.nullable().describe('Everything that ended before this is in the bill'),
  rounding: z.string().describe('The rule by which each line was rounded'),
});
const invoice = z.object({ id, number: z.string(), month, currency, total: pico, credits: pico, adjustments: pico, due: pico, closedAt: time });
const adjustment = z.object({ id, amount: pico, reason: z.string(), author: z.string(), at: time });
const credit = z.object({ id, kind: z.enum(['prepaid', 'grant']), amount: picoPositive, left: pico, currency, grantedAt: time, expiresAt: time.nullable(), reason: z.string(), author: z.string() });
const verifyCheck = z.object({ id: z.string(), title: z.string(), state: z.enum(['pass', 'fail']), checked: count, difference: pico, detail: z.string().nullable() });

export const ledgerRoutes = {
  priceList: route({ id: 'prices.list', method: 'GET', path: '/api/prices', summary: 'Prices in force, or every version with history=true', access: 'prices.read', status: 200,
    query: z.object({ history: z.stringbool().default(false), resource: z.string().max(200).optional() }), reply: list(priceVersion) }),
  priceCreate: route({ id: 'prices.create', method: 'POST', path: '/api/prices', summary: 'Add a price version; versions are never changed', access: 'prices.write', status: 201, body: newPrice, reply: priceVersion }),
  priceImport: route({ id: 'prices.import', method: 'POST', path: '/api/prices/import', summary: 'Read a LiteLLM price map: show the difference, or apply it', access: 'prices.write', status: 200,
    body: z.object({ map: z.record(z.string(), z.unknown()), only: z.array(z.string().max(200)).max(5000).optional(), apply: z.boolean().default(false), source: z.string().min(1).max(300) }),
    reply: z.object({ applied: z.boolean(), changes: z.array(priceChange), summary: z.object({ new: z.number().int(), changed: z.number().int(), same: z.number().int(), skipped: z.number().int() }) }) }),

  budgetList: route({ id: 'budgets.list', method: 'GET', path: '/api/budgets', summary: 'Budgets with what is spent, held and left', access: 'budgets.read', status: 200, reply: list(budget) }),
  budgetCreate: route({ id: 'budgets.create', method: 'POST', path: '/api/budgets', summary: 'Set a budget that cannot be overrun', access: 'budgets.write', status: 201,
    body: z.object({ scope: z.object({ kind: z.enum(['organisation', 'project', 'key']), id }), subject: budgetSubject.nullable().default(null), amount: picoPositive, period: z.enum(['day', 'month', 'total']).default('month'), alertShares: alertShares.default([]) }), reply: budget }),
  budgetUpdate: route({ id: 'budgets.update', method: 'PATCH', path: '/api/budgets/{id}', summary: 'Change the amount, or at which shares webhooks are told', access: 'budgets.write', status: 200, params: byId, body: z.object({ amount: picoPositive.optional(), alertShares: alertShares.optional() }), reply: budget }),
  budgetRemove: route({ id: 'budgets.remove', method: 'DELETE', path: '/api/budgets/{id}', summary: 'Remove a budget', access: 'budgets.write', status: 204, params: byId }),

  usageList: route({ id: 'usage.list', method: 'GET', path: '/api/usage', summary: 'Usage events, newest first', access: 'usage.read', status: 200,
    query: page.extend({ projectId: id.optional(), keyId: id.optional(), resource: z.string().max(200).optional(), from: time.optional(), to: time.optional() }), reply: list(usageEvent) }),
  usageShow: route({ id: 'usage.show', method: 'GET', path: '/api/usage/{id}', summary: 'One usage event with its rated lines', access: 'usage.read', status: 200, params: byId,
    reply: usageEvent.extend({ lines: z.array(ratedLine), priceVersionId: id.nullable() }) }),
  usageExport: route({ id: 'usage.export', method: 'GET', path: '/api/usage/export', summary: 'Usage events as a file, oldest first; go on behind the last id that you have', access: 'usage.read', status: 200,
    query: z.object({ format: z.enum(['csv', 'jsonl']).default('csv'), after: z.string().max(100).optional().describe('The id of the last row that you have'), projectId: id.optional(), from: time.optional(), to: time.optional() }), file: ['text/csv', 'application/jsonl'] }),
  usageRecord: route({ id: 'usage.record', method: 'POST', path: '/api/usage', summary: 'Record usage events; the same id and payload once', access: 'usage.write', status: 200,
    body: z.object({ events: z.array(z.object({ id, kind: z.string().min(1).max(40), resource: alias, projectId: id, keyId: id.nullable().default(null), occurredAt: time,
      quantities: z.partialRecord(bucket, count), attributes: z.record(z.string().max(60), z.union([z.string().max(300), z.number(), z.boolean()])).default({}) })).min(1).max(1000) }),
    reply: z.object({ recorded: z.number().int(), repeated: z.number().int() }) }),

  billShow: route({ id: 'bill.show', method: 'GET', path: '/api/bill', summary: 'The bill of a month by project, key and model', access: 'bill.read', status: 200, query: z.object({ month: month.optional() }), reply: bill }),
  billVerify: route({ id: 'bill.verify', method: 'GET', path: '/api/bill/verify', summary: 'Recompute everything from raw events and print the difference', access: 'bill.read', status: 200,
    reply: z.object({ ok: z.boolean(), difference: pico, checks: z.array(verifyCheck), lostToCrashes: z.object({ calls: count, note: z.string() }), firstFault: z.string().nullable() }) }),
  invoiceList: route({ id: 'invoices.list', method: 'GET', path: '/api/invoices', summary: 'Closed months', access: 'bill.read', status: 200, reply: list(invoice) }),
  invoiceShow: route({ id: 'invoices.show', method: 'GET', path: '/api/invoices/{id}', summary: 'One invoice with its lines and adjustments', access: 'bill.read', status: 200, params: byId,
    reply: invoice.extend({ lines: z.array(billLine), adjustmentList: z.array(adjustment), hash: z.string() }) }),
  invoiceClose: route({ id: 'invoices.close', method: 'POST', path: '/api/invoices', summary: 'Close a past month into a numbered invoice', access: 'bill.write', status: 201, body: z.object({ month }), reply: invoice }),
  adjustmentCreate: route({ id: 'adjustments.create', method: 'POST', path: '/api/invoices/{id}/adjustments', summary: 'Adjust a closed invoice', access: 'bill.write', status: 201, params: byId,
    body: z.object({ amount: pico, reason: z.string().trim().min(3).max(300) }), reply: adjustment }),
  creditList: route({ id: 'credits.list', method: 'GET', path: '/api/credits', summary: 'Prepaid credits and grants', access: 'bill.read', status: 200, reply: list(credit) }),
  creditCreate: route({ id: 'credits.create', method: 'POST', path: '/api/credits', summary: 'Add prepaid credit or a grant', access: 'bill.write', status: 201,
    body: z.object({ id: id.describe('Chosen by the caller: the same id is credited once'), kind: z.enum(['prepaid', 'grant']), amount: picoPositive, expiresAt: time.nullable().default(null), reason: name }), reply: credit }),
};
