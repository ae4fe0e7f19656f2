import { chmodSync, lchownSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TandemError } from '../../base/index.ts';

/** The operating-system user that the database runs as, when it is not the user that we run as. */
export interface DatabaseUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/**
 * Postgres refuses to run as root, so root hands it to another user: the owner of the data
 * directory when there is one already, else `tandem`, else `nobody`. `undefined` for anyone but
 * root, who runs it as themselves.
 */
export function databaseUser(dataDirectory: string, passwd: () => string = () => readFileSync('/etc/passwd', 'utf8')): DatabaseUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = lstatSync(dataDirectory, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `user ${owner.uid}` };
  const users = parsePasswd(passwd());
  const user = users.get('tandem') ?? users.get('nobody');
  if (user === undefined) {
    throw new TandemError('database_user', { params: { user: 'nobody', reason: 'there is neither a user tandem nor a user nobody' } });
  }
  return user;
}

/** The users of a passwd file that are not root, by name. macOS writes nobody's number as -2. */
export function parsePasswd(text: string): Map<string, DatabaseUser> {
  const users = new Map<string, DatabaseUser>();
  for (const line of text.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (!name || !uid || !gid || !/^-?\d+$/.test(uid) || !/^-?\d+$/.test(gid)) continue;
    const user = { name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
    if (user.uid !== 0 && !users.has(name)) users.set(name, user);
  }
  return users;
}

/** What `spawn` takes to start a program as this user. It also leaves root's other groups. */
export function spawnIdentity(user: DatabaseUser | undefined): { uid?: number; gid?: number } {
  // `spawn` wants the numbers as signed 32 bits, `chown` as unsigned.
  return user === undefined ? {} : { uid: user.uid | 0, gid: user.gid | 0 };
}

/** Gives a file or folder that we made to the database's user. Never follows a link. */
export function giveTo(user: DatabaseUser | undefined, path: string): void {
  if (user !== undefined) lchownSync(path, user.uid, user.gid);
}

/** Puts right what copying a data directory changes: its owner (root's copy) and its mode, which Postgres insists on. */
export function repairOwnership(user: DatabaseUser | undefined, folder: string): void {
  const found = lstatSync(folder);
  if (user !== undefined && found.uid === 0) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      lchownSync(join(entry.parentPath, entry.name), user.uid, user.gid);
    }
    lchownSync(folder, user.uid, user.gid);
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}
