import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { routes, type RouteContract } from './contract/index.ts';
import type { JsonSchema } from './openapi/schema.ts';
import { almost } from './testing/hostile.ts';
import type { Asked } from './testing/asking.ts';
import { openWholeHouse, type WholeHouse } from './testing/whole-house.ts';

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
beforeAll(async () => {
  house = await openWholeHouse();
  // An organisation of its own, so that what it breaks is its own alone.
  const tenant = await house.access.createTenant({ name: 'Hostile Ltd', currency: 'USD', billing: 'postpaid' });
  ask = house.as(tenant.adminKey);
}, 60_000);
afterAll(() => house[Symbol.asyncDispose]());

const schemaOf = (form: z.ZodType | undefined): JsonSchema => (form ? (z.toJSONSchema(form, { io: 'input', unrepresentable: 'any' }) as JsonSchema) : { type: 'object' });
const operations: RouteContract[] = Object.values(routes);

describe('hostile input', () => {
  it.each(operations.filter(({ stream }) => !stream).map((route) => [route.id, route] as const))('never breaks %s', { timeout: 60_000 }, async (_id, route) => {
    const given = fc.record({ params: almost(schemaOf(route.params), 0.05), query: almost(schemaOf(route.query), 0.05), body: route.body ? almost(schemaOf(route.body), 0.05) : fc.constant(undefined) });
    await fc.assert(fc.asyncProperty(given, async ({ params, query, body }) => {
      const places = (typeof params === 'object' && params !== null ? params : {}) as Record<string, unknown>;
      const path = route.path.replace(/\{(\w+)\}/g, (_place, name: string) => encodeURIComponent(textOf(places[name])) || 'x');
      const search = typeof query === 'object' && query !== null ? new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, textOf(value)])).toString() : '';
      const reply = await ask(route.method, search === '' ? path : `${path}?${search}`, body === undefined ? undefined : JSON.stringify(body));
      expect(reply.status, JSON.stringify(reply.body)).not.toBe(500);
      expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }), { numRuns: 25 });
  });

  it('never breaks a chat', { timeout: 60_000 }, async () => {
    const message = { type: 'object', required: ['role', 'content'], properties: { role: { enum: ['system', 'user', 'assistant'] }, content: { type: 'string' } } };
    const number = { type: 'integer', minimum: 1, maximum: 5 };
    const chat: JsonSchema = {
      type: 'object', required: ['model', 'messages'],
      properties: {
        model: { enum: ['tandem/local'] }, messages: { type: 'array', minItems: 1, items: message }, stream: { type: 'boolean' }, max_tokens: number, temperature: number, seed: number, n: number,
        stop: { type: 'string' }, user: { type: 'string' }, response_format: { type: 'object', properties: { type: { enum: ['text', 'json_object', 'json_schema'] } } }, stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
      },
    };
    await fc.assert(fc.asyncProperty(almost(chat, 0.04), async (body) => {
      const reply = await ask('POST', '/v1/chat/completions', JSON.stringify(body));
      expect(reply.status, JSON.stringify(reply.body)).not.toBe(500);
    }), { numRuns: 150 });
  });
});

/** As it stands in a URL. Half surrogates cannot, so the server would never see them; and an object may have a `toString` that is none. */
function textOf(value: unknown): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).toWellFormed();
}
