import { describe, expect, it } from 'vitest';
import { ManualClock, silentLogger } from '../base/index.ts';
import { openTestAccess } from './testing.ts';
import { Upkeep } from './upkeep.ts';

const HOUR_MS = 3_600_000;

/** Tells when somebody goes to sleep on it. */
class WatchedClock extends ManualClock {
  #slept: (() => void) | undefined;

  nextSleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#slept = resolve;
    });
  }

  override sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    const sleeping = super.sleep(delayMs, signal);
    this.#slept?.();
    return sleeping;
  }
}

describe('upkeep', () => {
  it('deletes sessions, links and sign-ins a day after their end, and nothing before', async () => {
    const clock = new ManualClock();
    const test = await openTestAccess({ clock });
    const { access, admin, adminKey, database } = test;
    const upkeep = new Upkeep(database, access.directory, clock, silentLogger);
    const count = async (table: string): Promise<number> => Number((await database.pool.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count);
    await access.sessions.linkFor(admin);
    await access.sessions.byKey(adminKey);
    clock.advance(24 * HOUR_MS);
    await upkeep.deleteEnded();
    expect([await count('sign_in_links'), await count('sessions')]).toEqual([1, 1]);
    clock.advance(601_000);
    await upkeep.deleteEnded();
    expect([await count('sign_in_links'), await count('sessions')]).toEqual([0, 1]);
    clock.advance(7 * 24 * HOUR_MS);
    await upkeep.deleteEnded();
    expect(await count('sessions')).toBe(0);
    await test.close();
  });

  it('writes the times of use once a minute', async () => {
    const clock = new WatchedClock();
    const asleep = clock.nextSleep();
    const test = await openTestAccess({ clock });
    const { access, adminKey, database } = test;
    await asleep;
    access.directory.verify(adminKey);
    const usedAt = new Date(clock.nowMs());
    const asleepAgain = clock.nextSleep();
    clock.advance(60_000);
    await asleepAgain;
    const { rows } = await database.pool.query<{ last_used_at: Date | null }>('select last_used_at from api_keys');
    expect(rows).toEqual([{ last_used_at: usedAt }]);
    expect(access.directory.unwrittenUseMs(test.admin.keyId!)).toBeNull();
    await test.close();
  });

  it('never ends the server when the database fails', async () => {
    const clock = new ManualClock();
    const test = await openTestAccess({ clock });
    const warned: unknown[] = [];
    const broken = { ...test.database, unscoped: () => {
      throw new Error('the database is away');
    } };
    const upkeep = new Upkeep(broken, test.access.directory, clock, { ...silentLogger, warn: (...words: unknown[]) => void warned.push(words) });
    upkeep.start();
    test.access.directory.verify(test.adminKey);
    await upkeep.stop();
    expect(warned).toHaveLength(2);
    await test.close();
  });
});
