import { createPublicKey, verify } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import type { Identity } from '../state/home.ts';
import { writeWhole } from '../state/home.ts';
import { releaseHash, signedText, type ReleaseFiles } from '../wire/release.ts';

/** What the server has: a release by its hash, and who vouches for it. */
export interface OfferedRelease {
  readonly hash: string;
  /** Ed25519 over `signedText`, in base64; null: nobody has signed it. */
  readonly signature: string | null;
}

/** What becomes of an offer. */
export type UpdateDecision = { readonly take: true } | { readonly take: false; readonly why: string };

const MOST_BYTES = 20_000_000;
const FETCH_MS = 60_000;
const PATH = /^(?:package\.json|launch\.sh|release-keys\.json|src(?:\/[a-z0-9][a-z0-9.-]*)+\.ts)$/;

/**
 * Whether an offered release is to be installed. A release is vouched for by a key that was never on the control plane: whoever takes that
 * may serve what it likes, and agents do not run it.
 * @param refused releases that were tried here and did not report.
 */
export function decideUpdate(own: string | undefined, offer: OfferedRelease, keys: readonly string[], refused: readonly string[]): UpdateDecision {
  if (own === undefined) return { take: false, why: 'this agent does not run from an installed release' };
  if (own === offer.hash) return { take: false, why: 'it is up to date' };
  if (refused.includes(offer.hash)) return { take: false, why: 'it was tried and did not report' };
  if (offer.signature === null) return { take: false, why: 'nobody has signed it' };
  return keys.some((key) => isSigned(offer, key)) ? { take: true } : { take: false, why: keys.length === 0 ? 'this agent trusts no release key' : 'its signature is by no key that this agent trusts' };
}

function isSigned({ hash, signature }: OfferedRelease, key: string): boolean {
  try {
    return verify(null, signedText(hash), createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' }), Buffer.from(signature!, 'base64'));
  } catch {
    return false;
  }
}

/** Installed releases, below the agent's home. */
export class Versions {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, 'versions');
  }

  /** The release that runs next; undefined: none is installed here. */
  current(): string | undefined {
    try {
      return readlinkSync(join(this.#folder, 'current'));
    } catch {
      return undefined;
    }
  }

  /** The public keys that the running release trusts. */
  keys(): string[] {
    const { keys } = JSON.parse(readFileSync(join(this.#folder, 'current', 'release-keys.json'), 'utf8')) as { keys: string[] };
    return keys;
  }

  refused(): string[] {
    try {
      return readFileSync(join(this.#folder, 'refused'), 'utf8').split('\n').filter((line) => line !== '');
    } catch {
      return [];
    }
  }

  /** Whether the release that runs has still to report. */
  get onTrial(): boolean {
    return existsSync(join(this.#folder, 'trial'));
  }

  /** The new release has connected: it stays. */
  confirm(): void {
    rmSync(join(this.#folder, 'trial'), { force: true });
  }

  /** Writes a release that was checked, and makes it the one that runs next, on trial: the launcher goes back to this one when it does not report. @throws Error. */
  install(hash: string, files: ReleaseFiles): void {
    if (releaseHash(files) !== hash) throw new Error('what came is another release');
    const strange = Object.keys(files).find((path) => !PATH.test(path) || path.includes('..'));
    if (strange !== undefined) throw new Error('the release has a file in a place where none belongs');
    const draft = join(this.#folder, `.${hash}.draft`);
    rmSync(draft, { recursive: true, force: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(draft, path)), { recursive: true, mode: 0o755 });
      writeFileSync(join(draft, path), content, { mode: 0o644 });
    }
    const place = join(this.#folder, hash);
    if (!existsSync(place)) renameSync(draft, place);
    rmSync(draft, { recursive: true, force: true });
    const from = this.current();
    if (from === undefined || !lstatSync(place).isDirectory()) throw new Error('there is no release to go back to');
    writeWhole(join(this.#folder, 'trial'), `${from}\n`);
    const link = join(this.#folder, `.current.${process.pid}`);
    rmSync(link, { force: true });
    symlinkSync(hash, link);
    renameSync(link, join(this.#folder, 'current'));
  }
}

/** The files of a release, from the server that the roots vouch for. @throws Error. */
export function fetchRelease(hash: string, { server, roots }: Pick<Identity, 'server' | 'roots'>): Promise<ReleaseFiles> {
  return new Promise((resolve, reject) => {
    const call = request({ host: server.host, port: server.port, path: `/agent/${hash}/files`, servername: 'agents.tandem', ca: [...roots], minVersion: 'TLSv1.3', timeout: FETCH_MS, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MOST_BYTES) call.destroy(new Error('the release is too large'));
        else chunks.push(chunk);
      });
      reply.on('end', () => {
        try {
          if (reply.statusCode !== 200) throw new Error(`the server answers ${reply.statusCode} for the release`);
          const files = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
          resolve(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, Buffer.from(content, 'base64')])));
        } catch (error) {
          reject(error);
        }
      });
      reply.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('the release did not come in time')));
    call.on('error', reject);
    call.end();
  });
}
