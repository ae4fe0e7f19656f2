import { expect, it } from 'vitest';
import { periodicTasks } from './tasks.ts';

it('closes months, expires credits and content, tells of budgets, sends webhooks, follows usage, removes nodes, keeps their histories short, keeps orders, orphans and leases, expires recordings and prunes errors, each by a task of its own', async () => {
  const called: string[] = [];
  const tasks = periodicTasks({
    invoices: { closeDue: async () => called.push('months') },
    credits: { expireDue: async () => called.push('credits') },
    limits: { tidy: async () => void called.push('limits') },
    budgets: { tidy: async () => void called.push('budgets') },
    alerts: { tellDue: async () => called.push('alerts') },
    feedPump: { sendDue: async () => void called.push('feeds') },
    webhooks: { deliveries: { sendDue: async () => void called.push('webhooks'), tidy: async () => void called.push('tidy') } },
    sight: { catchUp: async () => void called.push('sums'), prune: async () => void called.push('errors') },
  }, { content: { removeExpired: async () => called.push('content') }, keepServings: async () => void called.push('servings'), settleServings: async () => void called.push('minutes') }, { nodes: { removeDue: async () => void called.push('nodes'), tidy: async () => void called.push('histories') }, volumes: { tidy: async () => void called.push('volumes') }, keepLeases: async () => void called.push('leases'), operatorMinutes: { look: async () => void called.push('operator minutes') }, providers: { keepOrders: async () => void called.push('orders'), keepArrivals: async () => void called.push('arrivals'), findOrphans: async () => void called.push('orphans') } }, { recordings: { removeExpired: async () => void called.push('recordings') } });
  for (const task of tasks) await task.run(new AbortController().signal);
  expect(called).toEqual(['months', 'content', 'credits', 'limits', 'budgets', 'alerts', 'webhooks', 'feeds', 'tidy', 'sums', 'nodes', 'histories', 'orders', 'operator minutes', 'arrivals', 'orphans', 'volumes', 'recordings', 'servings', 'minutes', 'leases', 'errors']);
  expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length);
});
