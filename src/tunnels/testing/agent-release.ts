import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

export interface ReleaseOptions {
  /** Default: this repository's agent. */
  readonly from?: string;
  readonly signed?: boolean;
  readonly change?: (source: string) => void;
}

/** Releases of the agent as a person makes them, in a folder of a test's own. */
export class AgentReleases {
  readonly #folder: string;
  readonly #key: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#key = join(folder, 'release-key.pem');
  }

  /** @param keyFile default: the one key that agents of these releases trust. */
  script(verb: 'keygen' | 'sign', source: string, keyFile = this.#key): void {
    const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(ROOT, 'scripts/agent-release.ts'), verb, keyFile, source], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }

  /** The agent's source under another version, changed and signed as told. */
  make(version: string, { from = join(ROOT, 'agent'), signed = true, change = () => {} }: ReleaseOptions = {}): string {
    const source = join(this.#folder, version);
    cpSync(from, source, { recursive: true });
    const manifest = join(source, 'package.json');
    writeFileSync(manifest, JSON.stringify({ ...(JSON.parse(readFileSync(manifest, 'utf8')) as object), version }));
    change(source);
    if (signed) this.script('sign', source);
    return source;
  }

  /** A first release, whose agents trust this key. */
  first(version: string): string {
    const source = this.make(version, { signed: false, change: (made) => this.script('keygen', made) });
    this.script('sign', source);
    return source;
  }
}
