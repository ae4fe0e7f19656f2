import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import type { Principal } from '../ports.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { PIECE_BYTES } from './pieces.ts';
import type { ContentStore } from './content-store.ts';
import type { NewContent } from './types.ts';

const clock = new ManualClock(Date.UTC(2026, 10, 25));
const DAY_MS = 86_400_000;
let house: DatabaseHouse;
let content: ContentStore;
let own: Principal;
let other: Principal;
let serial = 0;

beforeAll(async () => {
  house = await openDatabaseHouse({ clock });
  content = house.models.content;
  const principals = await Promise.all(['one', 'other'].map(async (name) => {
    const project = await house.access.projects.create(house.admin, { name });
    const { secret } = await house.access.keys.create(house.admin, { name, projectId: project.id, role: 'developer', models: null, expiresAt: null });
    return house.access.directory.verify(secret);
  }));
  [own, other] = principals as [Principal, Principal];
});
afterAll(() => house.close());

const head = (more: object = {}) => {
  serial += 1;
  return { organisationId: own.organisationId, projectId: own.projectId!, keyId: own.keyId, purpose: 'response' as const, id: `resp_${serial}`, beganMs: clock.nowMs(), expiresAtMs: clock.nowMs() + DAY_MS, ...more };
};

const kept = async (one: NewContent) => (await content.put(one))!;

describe('the content store', () => {
  it('gives back what was put, and stores no plain byte of it', async () => {
    const put = await kept({ ...head({ about: { name: 'quintessence.txt' } }), value: 'a quintessence of dust' });
    const got = await content.get(own, put.id, 'response');
    expect([got.value.toString(), got.about, got.bytes]).toEqual(['a quintessence of dust', { name: 'quintessence.txt' }, 22]);
    const rows = [
      ...await house.database.scoped(own.organisationId).selectFrom('contents').selectAll().where('id', '=', put.id).execute(),
      ...await house.database.scoped(own.organisationId).selectFrom('content_pieces').selectAll().where('content_id', '=', put.id).execute(),
    ];
    expect(rows).toHaveLength(2);
    for (const row of rows) for (const value of Object.values(row)) expect(Buffer.from(value instanceof Buffer ? value : String(value)).includes('quintessence')).toBe(false);
  });

  it('replaces a value of the same id', async () => {
    const first = await kept({ ...head(), value: 'one' });
    await kept({ ...head({ id: first.id }), value: 'two' });
    expect((await content.get(own, first.id, 'response')).value.toString()).toBe('two');
  });

  it('keeps large content in sealed pieces and reads it piece by piece', async () => {
    const writer = await content.write(head({ purpose: 'file' }));
    const bytes = Buffer.alloc(PIECE_BYTES * 2 + 10, 'x');
    for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
    const id = `resp_${serial}`;
    await expect(content.find(own, id, 'file')).rejects.toMatchObject({ code: 'content_not_found' });
    const stored = await writer.finish();
    const lengths: number[] = [];
    for await (const piece of content.read(stored)) lengths.push(piece.length);
    expect(lengths).toEqual([PIECE_BYTES, PIECE_BYTES, 10]);
    expect((await content.get(own, id, 'file')).value.equals(bytes)).toBe(true);
  });

  it('does not open a piece that was moved to another place', async () => {
    const one = await kept({ ...head(), value: 'mine' });
    const two = await kept({ ...head(), value: 'yours' });
    const [piece] = await house.database.scoped(own.organisationId).selectFrom('content_pieces').selectAll().where('content_id', '=', two.id).execute();
    await house.database.scoped(own.organisationId).updateTable('content_pieces').set({ sealed: piece!.sealed }).where('content_id', '=', one.id).execute();
    await expect(content.get(own, one.id, 'response')).rejects.toMatchObject({ code: 'secret_unreadable' });
  });

  it('has nothing for another project, and writes the attempt down', async () => {
    const put = await kept({ ...head(), value: 'private' });
    for (const attempt of [() => content.get(other, put.id, 'response'), () => content.delete(other, put.id, 'response'), () => content.get(own, put.id, 'file')]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'content_not_found', status: 404 });
    }
    expect((await content.list(other, { purpose: 'response', limit: 100 })).items).toEqual([]);
    await house.access.refusalsWritten();
    const { items } = await house.access.audit.list(house.admin, { limit: 100, action: 'response.refuse' });
    expect(items.map(({ resourceId }) => resourceId)).toContain(put.id);
    expect((await content.get(house.admin, put.id, 'response')).value.toString()).toBe('private');
  });

  it('pages through a list in both orders', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      clock.advance(1);
      ids.push((await kept({ ...head({ purpose: 'batch', kind: n % 2 ? 'odd' : 'even' }), value: '' })).id);
    }
    const first = await content.list(own, { purpose: 'batch', limit: 2, order: 'asc' });
    expect([first.items.map(({ id }) => id), first.more]).toEqual([ids.slice(0, 2), true]);
    const rest = await content.list(own, { purpose: 'batch', limit: 5, order: 'asc', after: ids[1]! });
    expect([rest.items.map(({ id }) => id), rest.more]).toEqual([ids.slice(2), false]);
    expect((await content.list(own, { purpose: 'batch', limit: 5, kind: 'odd' })).items.map(({ id }) => id)).toEqual([ids[3], ids[1]]);
  });

  it('is blind to what has expired before the sweep removes it', async () => {
    const put = await kept({ ...head(), value: 'short-lived' });
    const begun = await content.write(head());
    await begun.write(Buffer.from('never finished'));
    clock.advance(DAY_MS);
    await expect(content.get(own, put.id, 'response')).rejects.toMatchObject({ code: 'content_not_found' });
    expect(await content.removeExpired()).toBeGreaterThan(1);
    const left = await house.database.scoped(own.organisationId).selectFrom('content_pieces').select('content_id').execute();
    expect(left.map(({ content_id }) => content_id)).not.toContain(put.id);
    expect(left.map(({ content_id }) => content_id)).not.toContain(`resp_${serial}`);
  });

  it('purges a project by its name: its content goes, its neighbours\' stays', async () => {
    const put = await kept({ ...head(), value: 'gone' });
    const stays = await kept({ ...head({ projectId: other.projectId }), value: 'stays' });
    await expect(house.models.purge(house.admin, own.projectId!, 'another')).rejects.toMatchObject({ code: 'invalid_request', param: 'name' });
    await expect(house.models.purge(own, own.projectId!, 'one')).rejects.toMatchObject({ code: 'permission_denied' });
    expect((await house.models.kept(house.admin)).items).toContainEqual(expect.objectContaining({ projectName: 'other', purpose: 'response', count: 1, bytes: 5 }));
    expect((await house.models.purge(house.admin, own.projectId!, 'one')).removed).toBeGreaterThan(0);
    await expect(content.get(own, put.id, 'response')).rejects.toMatchObject({ code: 'content_not_found' });
    expect((await content.get(other, stays.id, 'response')).value.toString()).toBe('stays');
    const { items } = await house.access.audit.list(house.admin, { limit: 1, action: 'content.purge' });
    expect(items[0]).toMatchObject({ resourceId: own.projectId });
  });

  it('names who switched the keeping off', async () => {
    const project = await house.access.projects.create(house.admin, { name: 'careful' });
    const { secret } = await house.access.keys.create(house.admin, { name: 'careful', projectId: project.id, role: 'developer', models: null, expiresAt: null });
    const careful = house.access.directory.verify(secret);
    content.demandKept(careful, 'a batch');
    await house.access.projects.update(house.admin, project.id, { store: false });
    expect(() => content.demandKept(careful, 'a batch')).toThrow(expect.objectContaining({ code: 'store_off', message: 'a batch needs content to be kept, and the project careful has that switched off.' }));
    expect(content.keeps(careful.organisationId, project.id)).toBe(false);
    await house.access.projects.update(house.admin, project.id, { store: true });
    await house.access.organisations.update(house.admin, { store: false });
    expect(() => content.demandKept(careful, 'a batch')).toThrow(/the organisation/);
    await house.access.organisations.update(house.admin, { store: true });
    expect(content.keeps(careful.organisationId, project.id)).toBe(true);
  });
});
