import { createHash } from 'node:crypto';

/** An agent's source, as it travels: the content by path. */
export type ReleaseFiles = Readonly<Record<string, Buffer>>;

/** What a release is known by: the same for the same files, whatever packed them. */
export function releaseHash(files: ReleaseFiles): string {
  const hash = createHash('sha256');
  for (const path of Object.keys(files).toSorted()) hash.update(`${path}\0${createHash('sha256').update(files[path]!).digest('hex')}\n`);
  return hash.digest('hex');
}

/** What the release key signs. */
export function signedText(hash: string): Buffer {
  return Buffer.from(`tandem agent release\n${hash}\n`);
}
