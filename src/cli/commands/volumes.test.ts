import { mkdtempSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { run, stubServer } from '../testing/terminal.ts';

const LEASE = '0192f0c1-0000-7000-8000-0000000000c2';
const ID = '0192f0c1-0000-7000-8000-0000000000f1';
const at = '2026-11-26T07:00:00.000Z';
const volume = { id: ID, name: 'models', projectId: ID, machineId: 'node-7', state: 'kept', reason: null, leaseId: null, lastLease: { id: LEASE, name: 'train' }, files: '12', bytes: '3400000000', days: 30, madeBy: 'ada', createdAt: at, keptAt: at, expiresAt: '2026-12-26T07:00:00.000Z', cost: { currency: 'USD', soFar: '120000000000', perMonth: '400000000000' } };
const contents = { machineId: 'node-7', files: 12, bytes: 3_400_000_000, whole: true, processes: [{ name: 'python3\u001b[2J', count: 2 }], kept: null };
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

test('what goes with a lease is said before its end; its home is kept, listed, kept longer and deleted', async () => {
  const { server, url, seen } = await stubServer({
    [`GET /api/leases/${LEASE}/contents`]: { json: { items: [contents], nextCursor: null } },
    [`POST /api/leases/${LEASE}/end`]: { json: { name: 'train', cost: { soFar: '1000000000000', currency: 'USD' } } },
    [`POST /api/leases/${LEASE}/keep`]: { json: { ...volume, state: 'new' } }, [`DELETE /api/leases/${LEASE}/keep`]: { status: 204 },
    'GET /api/volumes': { json: { items: [volume], nextCursor: null } }, [`PATCH /api/volumes/${ID}`]: { json: volume }, [`DELETE /api/volumes/${ID}`]: { status: 204 },
  });
  open.push(server);
  const env = { TANDEM_URL: url, TANDEM_KEY: 'tdm_secret', TANDEM_HOME: mkdtempSync(join(tmpdir(), 'tandem-cli-')) };
  expect(await run(['leases', 'end', LEASE], env, { stdin: 'no\n' })).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Nothing was ended.') as string });
  expect(await run(['leases', 'end', LEASE], env, { tty: false })).toMatchObject({ code: 0, out: expect.stringContaining('train ends') as string });
  const ended = await run(['leases', 'end', LEASE], env, { stdin: 'yes\n' });
  expect(ended.out).toContain('train ends');
  for (const part of ['Gone with the lease', '12 files, 3.4 GB; running: 2 × python3', `tandem leases end ${LEASE} --keep NAME`]) expect(ended.err).toContain(part);
  expect(ended.err).not.toContain('\u001b');
  expect(await run(['leases', 'end', LEASE, '--yes'], env)).toMatchObject({ err: '', out: expect.stringContaining('$1.00') as string });
  expect((await run(['leases', 'end', LEASE, '--keep', 'models', '--days', '7'], env)).out).toContain('kept as the volume models');
  expect(seen.at(-2)).toMatchObject({ body: { name: 'models', days: 7 } });
  expect((await run(['leases', 'contents', LEASE], env)).out).toContain('3.4 GB');
  expect((await run(['leases', 'keep', LEASE, 'models'], env)).out).toContain('tandem gpu lease --volume models');
  expect((await run(['leases', 'let-go', LEASE], env)).out).toContain('goes with the lease');
  for (const part of ['models', 'kept', '3.4 GB', 'node-7', 'train', '$0.40', '$0.12']) expect((await run(['volumes'], env)).out).toContain(part);
  expect((await run(['volumes', 'extend', 'models', '30'], env)).out).toBe('models is kept until 2026-12-26 07:00 UTC.\n');
  expect((await run(['volumes', 'delete', ID], env)).out).toContain('models is deleted');
  expect((await run(['volumes', 'extend', 'models', '0'], env)).code).toBe(2);
  expect(await run(['volumes', 'delete', 'nonesuch'], env)).toMatchObject({ code: 1, err: expect.stringContaining('tandem volumes') as string });
});
