import { z } from 'zod';
import { cost, count, currency, month, pico, time } from './common.ts';
import { route } from './route.ts';

const check = z.object({ id: z.string(), title: z.string(), state: z.enum(['pass', 'warn', 'fail']), detail: z.string(), next: z.string().nullable() });

export const systemRoutes = {
  doctor: route({ id: 'doctor.show', method: 'GET', path: '/api/doctor', summary: 'Checks of every part, with the next step for what fails', access: 'system.read', status: 200,
    reply: z.object({ state: z.enum(['pass', 'warn', 'fail']), version: z.string(), checks: z.array(check) }) }),
  overview: route({ id: 'overview.show', method: 'GET', path: '/api/overview', summary: 'This month in a few numbers', access: 'usage.read', status: 200,
    reply: z.object({
      month, currency, spend: pico, forecast: pico.nullable().describe('Spend at this pace by the end of the month; null before the first day is over'),
      cost: cost('What it cost the operator; null: not known of every call'), margin: cost('Spend less cost'), requests: count.describe('Calls of models'), failed: count,
      tokens: z.object({ input: count, cacheRead: count, output: count }),
      daily: z.array(z.object({ day: z.string(), spend: pico, requests: count.describe('Calls of models') })),
      models: z.array(z.object({ resource: z.string(), spend: pico, requests: count.describe('Calls of a model; 0 where the resource is the time of machines') })),
      health: z.object({ state: z.enum(['pass', 'warn', 'fail']), problems: z.array(check) }),
      firstTokenMs: z.object({ p50: z.number().nullable(), p95: z.number().nullable(), calls: z.number().int() }).describe('Of the last 24 hours'),
    }) }),
  live: route({ id: 'live.watch', method: 'GET', path: '/api/live', summary: 'What changes, as it changes: server-sent events', access: 'usage.read', status: 200, stream: true,
    reply: z.object({ type: z.enum(['usage', 'sight', 'keys', 'budgets', 'limits', 'prices', 'models', 'leases', 'nodes', 'heartbeat']), at: time }) }),
};
