import { expect, it } from 'vitest';
import { periodicTasks } from './tasks.ts';

it('closes due months and expires due credits and content, each by a task of its own', async () => {
  const called: string[] = [];
  const tasks = periodicTasks({
    invoices: { closeDue: async () => called.push('months') },
    credits: { expireDue: async () => called.push('credits') },
  }, { content: { removeExpired: async () => called.push('content') } });
  for (const task of tasks) await task.run(new AbortController().signal);
  expect(called).toEqual(['months', 'content', 'credits']);
  expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length);
});
