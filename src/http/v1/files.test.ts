import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';

let house: WholeHouse;
let client: OpenAI;
let stranger: OpenAI;

beforeAll(async () => {
  house = await openWholeHouse();
  const ask = house.as(house.operator.adminKey);
  const clients = await Promise.all(['one', 'other'].map(async (name) => {
    const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
    const { secret } = (await ask('POST', '/api/keys', { name, projectId: project.id })).body as { secret: string };
    return new OpenAI({ baseURL: `${house.url}/v1`, apiKey: secret, maxRetries: 0 });
  }));
  [client, stranger] = clients as [OpenAI, OpenAI];
});
afterAll(() => house[Symbol.asyncDispose]());

describe('files, by the openai SDK unmodified', () => {
  it('uploads, shows, reads back, lists and deletes', async () => {
    const file = await client.files.create({ file: await toFile(Buffer.from('{"a":1}\n'), 'Grüße.jsonl'), purpose: 'batch', expires_after: { anchor: 'created_at', seconds: 3_600 } });
    expect(file).toEqual({ id: expect.stringMatching(/^file-[0-9a-f]{32}$/), object: 'file', bytes: 8, created_at: expect.any(Number), expires_at: expect.any(Number), filename: 'Grüße.jsonl', purpose: 'batch', status: 'processed' });
    expect(file.expires_at! - file.created_at).toBeGreaterThanOrEqual(3_599);
    expect(file.expires_at! - file.created_at).toBeLessThanOrEqual(3_601);
    expect(await client.files.retrieve(file.id)).toEqual(file);
    expect(await (await client.files.content(file.id)).text()).toBe('{"a":1}\n');
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404, code: 'content_not_found' });
  });

  it('keeps a large file bit for bit, and counts the default thirty days', async () => {
    const bytes = randomBytes(3_000_000);
    const file = await client.files.create({ file: await toFile(bytes, 'large.bin'), purpose: 'user_data' });
    expect(file.bytes).toBe(bytes.length);
    expect(Math.abs(file.expires_at! - file.created_at - 30 * 86_400)).toBeLessThanOrEqual(1);
    const back = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
    expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('pages by cursor, by purpose and in both orders', async () => {
    const made: string[] = [];
    for (const name of ['a', 'b', 'c']) made.push((await client.files.create({ file: await toFile(Buffer.from(name), name), purpose: 'vision' })).id);
    const seen: string[] = [];
    for await (const file of client.files.list({ purpose: 'vision', limit: 2, order: 'asc' })) seen.push(file.id);
    expect(seen).toEqual(made);
    const page = await client.files.list({ purpose: 'vision', limit: 2 });
    expect([page.data.map(({ id }) => id), page.has_more]).toEqual([made.toReversed().slice(0, 2), true]);
  });

  it('hides a file from every other project, and writes the attempts down', async () => {
    const file = await client.files.create({ file: await toFile(Buffer.from('private'), 'p.txt'), purpose: 'user_data' });
    for (const attempt of [() => stranger.files.retrieve(file.id), () => stranger.files.content(file.id), () => stranger.files.delete(file.id)]) {
      await expect(attempt()).rejects.toMatchObject({ status: 404 });
    }
    expect((await stranger.files.list()).data).toEqual([]);
    await house.access.refusalsWritten();
    const { items } = (await house.as(house.operator.adminKey)('GET', '/api/events?action=file.refuse&limit=500')).body as { items: { resourceId: string }[] };
    expect(items.filter(({ resourceId }) => resourceId === file.id)).toHaveLength(3);
  });

  it('refuses what is no upload and says why', async () => {
    const file = await toFile(Buffer.from('x'), 'x');
    await expect(client.files.create({ file, purpose: 'holiday' as 'batch' })).rejects.toMatchObject({ status: 400, param: 'purpose' });
    await expect(client.files.create({ file, purpose: 'batch', expires_after: { anchor: 'created_at', seconds: 10 } })).rejects.toMatchObject({ status: 400, param: 'expires_after' });
    await expect(client.files.create({ file: await toFile(randomBytes(4_300_000), 'x'), purpose: 'batch' })).rejects.toMatchObject({ status: 413, code: 'file_too_large' });
    const kept = (await client.files.list({ limit: 100 })).data.length;
    expect((await stranger.post('/files', { body: { purpose: 'batch' } }).catch((error: unknown) => error))).toMatchObject({ status: 415 });
    const form = new FormData();
    form.set('purpose', 'batch');
    const without = await fetch(`${house.url}/v1/files`, { method: 'POST', headers: { authorization: `Bearer ${client.apiKey}` }, body: form });
    expect([without.status, (await without.json() as { error: { param: string } }).error.param]).toEqual([400, 'file']);
    expect((await client.files.list({ limit: 100 })).data.length).toBe(kept);
    await expect(client.files.list({ limit: 0 })).rejects.toMatchObject({ status: 400, param: 'limit' });
  });

  it('keeps nothing of an upload that breaks off', async () => {
    const before = (await house.as(house.operator.adminKey)('GET', '/api/content')).body;
    await new Promise<void>((resolve) => {
      const upload = request(`${house.url}/v1/files`, { method: 'POST', headers: { authorization: `Bearer ${client.apiKey}`, 'content-type': 'multipart/form-data; boundary=b', 'content-length': 1_000_000 } });
      upload.on('error', () => resolve());
      upload.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nhalf of it', () => upload.destroy());
    });
    expect((await house.as(house.operator.adminKey)('GET', '/api/content')).body).toEqual(before);
  });

  it('is refused by name where the project keeps no content', async () => {
    const ask = house.as(house.operator.adminKey);
    const project = (await ask('POST', '/api/projects', { name: 'careful' })).body as { id: string };
    const { secret } = (await ask('POST', '/api/keys', { name: 'careful', projectId: project.id })).body as { secret: string };
    await ask('PATCH', `/api/projects/${project.id}`, { store: false });
    const careful = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: secret, maxRetries: 0 });
    await expect(careful.files.create({ file: await toFile(Buffer.from('x'), 'x'), purpose: 'batch' })).rejects.toMatchObject({ status: 403, code: 'store_off', message: expect.stringContaining('the project careful') });
  });
});
