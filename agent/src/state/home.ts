import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the agent keeps what it knows. Folders of leases are the lease's user's; all else is the agent's alone. */
export interface Home {
  readonly root: string;
  readonly key: string;
  readonly certificate: string;
  readonly identity: string;
  readonly leases: string;
}

export function homeAt(root: string): Home {
  return { root, key: join(root, 'identity', 'key.pem'), certificate: join(root, 'identity', 'certificate.pem'), identity: join(root, 'identity', 'identity.json'), leases: join(root, 'leases') };
}

/** Who this node is and where its server is: what enrolment left here. */
export interface Identity {
  readonly node: { readonly id: string; readonly name: string };
  readonly server: { readonly host: string; readonly port: number };
  /** PEM, the newest first. While the server changes its root there are two. */
  readonly roots: readonly string[];
  readonly standIn: boolean;
}

/** @throws Error with the next step when the node is not enrolled. */
export function readIdentity(home: Home): Identity & { readonly key: string; readonly certificate: string } {
  try {
    return { ...(JSON.parse(readFileSync(home.identity, 'utf8')) as Identity), key: readFileSync(home.key, 'utf8'), certificate: readFileSync(home.certificate, 'utf8') };
  } catch (error) {
    throw new Error(`this machine is not enrolled (${home.identity}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}); paste the line of tandem node add again`, { cause: error });
  }
}

export function writeIdentity(home: Home, identity: Identity): void {
  writeWhole(home.identity, `${JSON.stringify(identity, null, 2)}\n`);
}

/** Whole or not at all, also when the power goes; readable by this user only. */
export function writeWhole(path: string, content: string | Buffer, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  const file = openSync(draft, 'w', mode);
  try {
    writeSync(file, Buffer.from(content));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(draft, mode);
  renameSync(draft, path);
}
