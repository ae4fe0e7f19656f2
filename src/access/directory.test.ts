import { describe, expect, it, vi } from 'vitest';
import { ManualClock, silentLogger, type Clock } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import { Directory } from './directory.ts';
import { openTestAccess, untilDirectory, works } from './testing.ts';

const plain = { role: 'developer', models: null, expiresAt: null } as const;

describe('another process', () => {
  it('sees new keys, and every way of ending one, within a second', async () => {
    const test = await openTestAccess();
    const { access, admin } = test;
    const other = (await test.second()).access;
    const tookMs: Record<string, number> = {};
    const account = await access.serviceAccounts.create(admin, { name: 'builder', role: 'developer' });
    const { token } = await access.invitations.create(admin, { email: 'ann@example.com', role: 'developer' });
    const ann = (await access.invitations.accept({ token, name: 'Ann' })).principal;
    const project = await access.projects.create(admin, { name: 'short-lived' });

    const ways: [string, () => Promise<{ key: { id: string }; secret: string }>, (keyId: string) => Promise<unknown>][] = [
      ['revoked', () => access.keys.create(admin, { ...plain, name: 'a' }), (id) => access.keys.revoke(admin, id)],
      ['expiry set', () => access.keys.create(admin, { ...plain, name: 'b' }), async (id) => {
        await access.keys.rotate(admin, id, { overlapSeconds: 0 });
      }],
      ['service account disabled', () => access.keys.create(admin, { ...plain, name: 'c', serviceAccountId: account.id }), () => access.serviceAccounts.disable(admin, account.id)],
      ['member removed', () => access.keys.create(ann, { ...plain, name: 'd' }), () => access.members.remove(admin, ann.actor.id!)],
      ['project archived', () => access.keys.create(admin, { ...plain, name: 'e', projectId: project.id }), () => access.projects.archive(admin, project.id)],
    ];
    for (const [name, make, end] of ways) {
      const { key, secret } = await make();
      tookMs[`made (${name})`] = await untilDirectory(other, () => works(other, secret));
      await end(key.id);
      expect(works(access, secret)).toBe(false);
      tookMs[name] = await untilDirectory(other, () => !works(other, secret));
    }
    expect(Math.max(...Object.values(tookMs))).toBeLessThan(1_000);
    await test.close();
  });

  it('lets a key work only when what was committed with it is known', async () => {
    const test = await openTestAccess();
    const { access, admin } = test;
    const other = (await test.second()).access;
    const asked = Promise.withResolvers<void>();
    const known = Promise.withResolvers<void>();
    // A stand-in for the ledger, whose budgets and limits come in by another channel.
    other.keys.useBudgets({ limited: async () => false, carryOver: async () => {}, inForce: () => (asked.resolve(), known.promise) });
    const { secret } = await access.keys.create(admin, { ...plain, name: 'a' });
    await asked.promise;
    expect(works(other, secret)).toBe(false);
    known.resolve();
    await untilDirectory(other, () => works(other, secret));
    await test.close();
  });

  it('reads everything again after its connection was lost', async () => {
    const test = await openTestAccess();
    const { access, admin, database } = test;
    const { key, secret } = await access.keys.create(admin, { ...plain, name: 'a' });
    const other = (await test.second()).access;
    expect(works(other, secret)).toBe(true);
    await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tandem-channel' and datname = current_database()`);
    await access.keys.revoke(admin, key.id);
    await untilDirectory(other, () => !works(other, secret));
    await test.close();
  });
});

describe('last use', () => {
  it('is written in one statement for all keys, never while a key is checked', async () => {
    const clock = new ManualClock();
    const test = await openTestAccess({ clock });
    const { access, admin, database } = test;
    const [one, two] = [await access.keys.create(admin, { ...plain, name: '1' }), await access.keys.create(admin, { ...plain, name: '2' })];
    clock.advance(5_000);
    let queries = 0;
    const spies = new Set<{ readonly mock: { readonly calls: readonly (readonly unknown[])[] } }>();
    const writes = (): number => [...spies].flatMap(({ mock }) => mock.calls).filter(([first]) => JSON.stringify(first).includes('update api_keys set last_used_at')).length;
    const query = database.pool.query.bind(database.pool);
    database.pool.on('acquire', (client) => {
      queries += 1;
      // What was said of the new keys may still be read meanwhile, over connections of the same pool: only what is written counts.
      spies.add(vi.spyOn(client, 'query'));
    });
    for (let n = 0; n < 10_000; n += 1) access.directory.verify(n % 2 === 0 ? one.secret : two.secret);
    expect(queries).toBe(0);
    const usedAt = new Date(clock.nowMs());
    expect(await access.keys.show(admin, one.key.id)).toMatchObject({ lastUsedAt: usedAt.toISOString() });
    expect(writes()).toBe(0);
    await test.access.stop();
    expect(writes()).toBe(1);
    const { rows } = await query<{ last_used_at: Date }>('select last_used_at from api_keys where id = any($1)', [[one.key.id, two.key.id]]);
    expect(rows.map((row) => row.last_used_at)).toEqual([usedAt, usedAt]);
    await test.close();
  });
});

describe('without contact', () => {
  const opening = (clock: Clock, overrides: Partial<Database>): Directory => {
    const database = { listen: () => Promise.resolve(() => Promise.resolve()), staleForMs: () => 0, ...overrides } as unknown as Database;
    return new Directory(database, clock, silentLogger);
  };

  it('for more than five seconds, every key is refused for that reason, known or not', async () => {
    let staleMs = 0;
    const test = await openTestAccess();
    const real = test.database;
    const directory = new Directory({ ...real, staleForMs: () => staleMs }, new ManualClock(), silentLogger);
    expect(() => directory.verify(test.adminKey)).toThrow(expect.objectContaining({ code: 'database_stale' }));
    await directory.start();
    expect(directory.verify(test.adminKey).role).toBe('owner');
    staleMs = 5_000;
    expect(directory.verify(test.adminKey).role).toBe('owner');
    staleMs = 5_001;
    for (const key of [test.adminKey, 'unknown']) expect(() => directory.verify(key)).toThrow(expect.objectContaining({ code: 'database_stale', status: 503, retryAfterSeconds: 2 }));
    await directory.stop();
    await test.close();
  });

  it('a change that cannot be read is tried again, and after five seconds of that keys are refused', async () => {
    const clock = new ManualClock();
    let heard: (payload: string) => void = () => {};
    let failing = false;
    let reads = 0;
    const rows = { execute: () => (reads += 1, failing ? Promise.reject(new Error('connection lost')) : Promise.resolve([])) };
    const query: unknown = new Proxy(rows, { get: (target, name) => (name === 'execute' ? target.execute : () => query) });
    const directory = opening(clock, {
      listen: (_, handler) => {
        heard = handler;
        return Promise.resolve(() => Promise.resolve());
      },
      unscoped: () => ({ selectFrom: () => query }) as unknown as ReturnType<Database['unscoped']>,
    });
    await directory.start();
    const refusal = (): string => {
      try {
        directory.verify('x');
        return 'none';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    expect(refusal()).toBe('invalid_api_key');
    failing = true;
    heard('key:0197a000-0000-7000-8000-000000000001');
    await settle();
    expect(refusal()).toBe('invalid_api_key');
    clock.advance(5_001);
    await settle();
    expect(refusal()).toBe('database_stale');
    failing = false;
    const before = reads;
    clock.advance(250);
    await settle();
    expect(reads).toBe(before + 1);
    expect(refusal()).toBe('invalid_api_key');
    await directory.stop();
  });
});
