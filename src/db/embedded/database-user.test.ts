import { expect, test } from 'vitest';
import { databaseUser, parsePasswd, spawnIdentity } from './database-user.ts';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
# a comment, as macOS has them
toor:x:0:0::/root:/bin/sh
nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false
tandem:x:998:997::/var/lib/tandem:/usr/sbin/nologin
broken:x:one:two::/:
`;

test('reads users from a passwd file, never root under another name', () => {
  const users = parsePasswd(PASSWD);
  expect([...users.keys()]).toEqual(['nobody', 'tandem']);
  expect(users.get('tandem')).toEqual({ name: 'tandem', uid: 998, gid: 997 });
  // -2 as the file system counts it; `spawn` wants it signed again.
  expect(users.get('nobody')).toEqual({ name: 'nobody', uid: 4_294_967_294, gid: 4_294_967_294 });
  expect(spawnIdentity(users.get('nobody'))).toEqual({ uid: -2, gid: -2 });
  expect(spawnIdentity(undefined)).toEqual({});
});

test.runIf(process.getuid?.() === 0)('root prefers tandem, then nobody, and says so when there is neither', () => {
  expect(databaseUser('/nowhere', () => PASSWD)?.name).toBe('tandem');
  expect(databaseUser('/nowhere', () => PASSWD.replace('tandem:', 'other:'))?.name).toBe('nobody');
  expect(() => databaseUser('/nowhere', () => 'root:x:0:0::/:')).toThrow(expect.objectContaining({ code: 'database_user' }));
});
