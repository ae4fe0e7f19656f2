import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../base/index.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { CopyingSink } from './copying-sink.ts';
import { Losses } from './losses.ts';

let house: DatabaseHouse;
beforeAll(async () => void (house = await openDatabaseHouse()));
afterAll(() => house.close());

test('what was not kept is counted by project and reason, over processes, and told to who sees the project', async () => {
  const { models: { contributions }, admin, access } = house;
  const project = await access.projects.create(admin, { name: 'giving' });
  const none = { kept: 0, notKept: { tooMany: '0', tooLarge: '0', failed: '0' }, lastNotKeptAt: null };
  expect(await contributions.figures(admin, project.id)).toEqual(none);
  const second = (await house.second()).contributions;
  for (const { losses } of [contributions, second]) losses.note(admin.organisationId, project.id, 'too_many');
  contributions.losses.note(admin.organisationId, project.id, 'too_large');
  await Promise.all([contributions.settled(), second.settled()]);
  expect(await contributions.figures(admin, project.id)).toEqual({ kept: 0, notKept: { tooMany: '2', tooLarge: '1', failed: '0' }, lastNotKeptAt: expect.any(String) });
  expect(contributions.losses.all).toEqual({ too_many: 1, too_large: 1, failed: 0 });
  await expect(contributions.figures({ ...admin, projectId: admin.organisationId }, project.id)).rejects.toMatchObject({ code: 'resource_not_found' });
});

test('a database that refuses loses no count', async () => {
  const { database, admin, access, models } = house;
  const { id } = await access.projects.create(admin, { name: 'later' });
  let down = true;
  const losses = new Losses({
    clock: systemClock, log: silentLogger,
    database: { scoped: (...given) => database.scoped(...given), transaction: (work) => (down ? Promise.reject(new Error('no contact')) : database.transaction(work)) },
  });
  losses.note(admin.organisationId, id, 'failed');
  await losses.written();
  losses.note(admin.organisationId, id, 'failed');
  down = false;
  await losses.written();
  expect((await models.contributions.figures(admin, id)).notKept.failed).toBe('2');
});

test('a reply that ended well and was too large is told from one that did not end well', () => {
  const copy = (whole: boolean) => {
    const sink = new CopyingSink(new MemorySink(), 3);
    sink.head(200, {});
    sink.end('four', whole);
    return [sink.chunks, sink.tooLarge];
  };
  expect([copy(true), copy(false)]).toEqual([[undefined, true], [undefined, false]]);
});
