import { createServer } from 'node:net';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { emptyFolder } from './fixtures.ts';
import { openSocketPath } from './socket-path.ts';

test('is the folder itself while that is short enough', () => {
  const folder = '/srv/tandem/postgres/data';
  expect(openSocketPath(folder).host).toBe(folder);
  const longest = `/${'d'.repeat(107 - '/.s.PGSQL.5432'.length - 1)}`;
  expect(openSocketPath(longest, 107).host).toBe(longest);
});

test('reaches a socket in a folder whose path is too long', async () => {
  const folder = join(emptyFolder(), 'long'.repeat(40));
  mkdirSync(folder);
  const path = openSocketPath(folder);
  expect(Buffer.byteLength(path.host)).toBeLessThan(60);
  const server = createServer((socket) => socket.end('here'));
  server.listen(join(path.host, '.s.PGSQL.5432'));
  await once(server, 'listening');
  expect(readdirSync(folder)).toEqual(['.s.PGSQL.5432']);
  const [answer] = (await once(createConnection(join(path.host, '.s.PGSQL.5432')), 'data')) as [Buffer];
  expect(answer.toString()).toBe('here');
  await new Promise((done) => server.close(done));
  path.close();
  path.close();
  expect(existsSync(join(path.host, '.'))).toBe(false);
});
