import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole, type Home } from '../../state/home.ts';

/** What a wipe says of itself. The server takes it for a claim, signs it as such and shows it to both tenants. */
export interface WipeReport {
  readonly clean: boolean;
  readonly method: 'reset';
  /** What was looked for and not found, or was found. */
  readonly evidence: readonly string[];
  readonly unchecked: readonly string[];
  /** Where canaries were planted, and what of them was found. */
  readonly canaries: { readonly planted: readonly string[]; readonly found: readonly string[] };
  readonly versions: Readonly<Record<string, string>>;
  /** The lease's home, where its tenant wished it kept. */
  readonly kept: { readonly volume: string; readonly files: number; readonly bytes: number } | null;
}

/** Stands under what was not checked. */
export const HOME_KEPT = 'the home of the lease: its tenant wished it kept, and it lies apart, where no other lease can enter';
const MOST_KEPT = 100;

/** Keeps the report of a clean wipe for a while: when its answer is lost, the server asks again, and the lease is gone by then. */
export function keepReport(home: Home, lease: string, report: WipeReport): void {
  const folder = join(home.leases, 'reports');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeWhole(join(folder, `${lease}.json`), JSON.stringify(report));
  const byAge = readdirSync(folder).map((name) => ({ path: join(folder, name), atMs: statSync(join(folder, name)).mtimeMs })).sort((a, b) => b.atMs - a.atMs);
  for (const { path } of byAge.slice(MOST_KEPT)) rmSync(path, { force: true });
}

/** @param lease an id that was checked to be one. Undefined: nothing is known of its wipe. */
export function keptReport(home: Home, lease: string): WipeReport | undefined {
  try {
    return JSON.parse(readFileSync(join(home.leases, 'reports', `${lease}.json`), 'utf8')) as WipeReport;
  } catch {
    return undefined;
  }
}

export function dropReport(home: Home, lease: string): void {
  rmSync(join(home.leases, 'reports', `${lease}.json`), { force: true });
}
