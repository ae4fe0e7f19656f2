import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { newId, type TandemError } from '../../base/index.ts';
import { openDatabaseHouse } from '../testing/database-house.ts';
import { ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import type { Models } from '../models.ts';

test('a hook is in force in every process, and what it blocks is neither held nor kept', async () => {
  const house = await openDatabaseHouse();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => void response.writeHead(200).end('{"action":"block","reason":"no"}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const call = (models: Models) => models.call('chat', { principal: house.admin, body: ask(), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink())
    .then(() => 'nothing', (error: TandemError) => error.code);
  const second = await house.second();
  expect(await call(second)).toBe('model_not_found');
  const { hook, secret } = await house.models.hooks.create(house.admin, { name: 'guard', url, projectId: null, stage: 'request', deadlineMs: 5_000, onFailure: 'closed', enabled: true });
  expect(await call(house.models)).toBe('hook_blocked');
  await vi.waitFor(async () => expect(await call(second)).toBe('hook_blocked'), { timeout: 5_000 });
  // A turn of a WebSocket comes by a door of its own.
  const turn = house.models.responses.turn({ principal: house.admin, body: { model: 'nothing', input: 'hello' }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink(), house.models.responses.session());
  expect(await turn.then(() => 'nothing', (error: TandemError) => error.code)).toBe('hook_blocked');
  expect(JSON.stringify(await house.database.unscoped('test').selectFrom('hooks').selectAll().execute())).not.toContain(secret.slice(6));
  await house.models.hooks.remove(house.admin, hook.id);
  await vi.waitFor(async () => expect(await call(second)).toBe('model_not_found'), { timeout: 5_000 });
  await house.close();
  server.close();
});
