import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createIdSource, openSecretBox, systemClock } from '../../base/index.ts';
import type { Principal } from '../ports.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { COMPLETION as PUBLISHED } from '../testing/openai-fixtures.ts';
import { BatchStore } from './batch-store.ts';

/** Batches over a FAKE chat backend on a real socket, in a real database. */
const backend = new FakeBackend();
const newId = createIdSource(Date.now);
const COMPLETION = { ...PUBLISHED, usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };
let folder: string;
let house: DatabaseHouse;
/** Of a process beside the house's own. */
let store: BatchStore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batches-purged-'));
  house = await openDatabaseHouse({ file: { backends: [{ name: 'gpu', url: await backend.start(), models: [{ alias: 'm', model: 'x', maxOutputTokens: 100 }] }] } });
  store = new BatchStore({ database: house.database, secrets: openSecretBox(join(folder, 'secret')), clock: systemClock, newId, owner: newId() });
});
afterAll(async () => {
  await house.close();
  await backend.stop();
  rmSync(folder, { recursive: true, force: true });
});

const all = () => house.database.unscoped('a test');

async function projectOf(name: string): Promise<{ id: string; key: Principal }> {
  const { id } = await house.access.projects.create(house.admin, { name });
  const { secret } = await house.access.keys.create(house.admin, { name, projectId: id, role: 'developer', models: null, expiresAt: null });
  return { id, key: house.access.directory.verify(secret) };
}

async function begin(key: Principal, lines: number, url = '/v1/chat/completions', body: object = { messages: [{ role: 'user', content: 'hello' }] }): Promise<string> {
  const upload = await house.models.files.begin(key);
  await upload.write(Buffer.from(Array.from({ length: lines }, (_, at) => JSON.stringify({ custom_id: `line-${at}`, method: 'POST', url, body: { model: 'm', ...body } })).join('\n')));
  const input = await upload.finish('in.jsonl', new Map([['purpose', 'batch']]));
  return (await house.models.batches.create(key, { input_file_id: input.id, endpoint: url, completion_window: '24h' })).id;
}

test('a project that is purged while its batch runs keeps nothing of it, and what ran is in the ledger', async () => {
  const { id, key } = await projectOf('running');
  const open: (() => void)[] = [];
  backend.answer = (response) => void open.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION)));
  const batch = await begin(key, 20);
  await vi.waitFor(() => expect(open).toHaveLength(8), { timeout: 10_000, interval: 20 });
  await house.models.purge(house.admin, id, 'running');
  for (const answer of open) answer();
  await vi.waitFor(() => expect(house.ledger.entries.filter(({ settled }) => settled)).toHaveLength(8), { timeout: 10_000, interval: 20 });
  // None of the other lines is begun.
  await vi.waitFor(async () => expect(await house.models.batches.show(key, batch)).toMatchObject({ status: 'cancelled', output_file_id: null, error_file_id: null }), { timeout: 10_000, interval: 20 });
  const kept = await all().selectFrom('batch_lines').select('line').where('batch_id', '=', batch).where((where) => where.or([where('sealed_request', 'is not', null), where('sealed_result', 'is not', null)])).execute();
  expect(kept).toEqual([]);
  expect(await all().selectFrom('contents').select('id').where('project_id', '=', id).execute()).toEqual([]);
  expect(open).toHaveLength(8);
}, 30_000);

test('lines that were being read as the project was purged are not written after it', async () => {
  const { id, key } = await projectOf('reading');
  backend.json(200, COMPLETION);
  const batch = await begin(key, 1);
  await vi.waitFor(async () => expect((await house.models.batches.show(key, batch)).status).toBe('completed'), { timeout: 10_000, interval: 20 });
  const before = await all().selectFrom('batches').selectAll().where('id', '=', batch).executeTakeFirstOrThrow();
  await house.models.purge(house.admin, id, 'reading');
  await store.addLines(before, [{ line: 2, customId: 'late', body: { model: 'm' } }]);
  expect(await all().selectFrom('batch_lines').select('line').where('batch_id', '=', batch).where('line', '=', 2).execute()).toEqual([]);
});

test('a line that ends and a purge do not wait for each other', async () => {
  const { key } = await projectOf('waiting');
  backend.json(200, COMPLETION);
  const batch = await begin(key, 1);
  await vi.waitFor(async () => expect((await house.models.batches.show(key, batch)).status).toBe('completed'), { timeout: 10_000, interval: 20 });
  await sql`update batch_lines set state = 'running', attempts = 1 where batch_id = ${batch}`.execute(all());
  let ending: Promise<void> | undefined;
  await house.database.transaction(async (tx) => {
    // As `purgeProject` takes them: the batch first, and its lines then.
    await sql`update batches set lease_token = lease_token + 1 where id = ${batch}`.execute(tx);
    ending = store.endLine({ organisation_id: house.admin.organisationId, id: batch }, { line: 1, attempts: 1 }, 'done', { id: 'x', custom_id: 'line-0', response: null, error: null }, { input: 0, cached: 0, output: 0, reasoning: 0 });
    ending.catch(() => {});
    await vi.waitFor(async () => {
      const { rows } = await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(all());
      expect(rows).toHaveLength(1);
    }, { timeout: 10_000, interval: 20 });
    await sql`update batch_lines set sealed_result = null, state = 'failed' where batch_id = ${batch}`.execute(tx);
  });
  await ending;
  expect(await all().selectFrom('batch_lines').select(['state', 'sealed_result']).where('batch_id', '=', batch).execute()).toEqual([{ state: 'failed', sealed_result: null }]);
});

test('a line of responses whose first reply was lost goes on from the response that it names, and keeps its own', async () => {
  const { key } = await projectOf('again');
  backend.json(200, COMPLETION);
  await begin(key, 1, '/v1/responses', { input: 'My name is Alice.' });
  const first = await vi.waitFor(async () => (await all().selectFrom('contents').select('id').where('project_id', '=', key.projectId).where('purpose', '=', 'response').executeTakeFirstOrThrow()).id, { timeout: 10_000, interval: 50 });
  // As a crash leaves a line whose call was delivered and charged.
  await sql`alter table batch_lines alter column delivered set default true`.execute(all());
  try {
    backend.requests.length = 0;
    const settled = house.ledger.entries.filter((entry) => entry.settled).length;
    const batch = await begin(key, 1, '/v1/responses', { input: 'What is it?', previous_response_id: first });
    await vi.waitFor(async () => expect(await house.models.batches.show(key, batch)).toMatchObject({ status: 'completed', request_counts: { completed: 1 } }), { timeout: 10_000, interval: 20 });
    expect(JSON.stringify(backend.requests[0]!.body)).toContain('My name is Alice.');
    expect(await all().selectFrom('contents').select('id').where('project_id', '=', key.projectId).where('purpose', '=', 'response').execute()).toHaveLength(2);
    expect(house.ledger.entries.filter((entry) => entry.settled)).toHaveLength(settled);
  } finally {
    await sql`alter table batch_lines alter column delivered set default false`.execute(all());
  }
}, 30_000);
