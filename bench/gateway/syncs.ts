import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder } from '../support/scratch.ts';
import { percentile } from '../support/stats.ts';

const SYNCS = 200;
/** What some thousand calls a second leave in the log between two syncs. */
const BATCH_BYTES = 65_536;

export interface Syncs {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** How long the disk that the log is on takes to keep a batch: what a strict reply waits for at least. Each is written and synced as the log does it. */
export async function measureSyncs(): Promise<Syncs> {
  const file = await open(join(scratchFolder('bench-syncs'), 'log'), 'a');
  const batch = Buffer.alloc(BATCH_BYTES, 1);
  const took: number[] = [];
  for (let at = 0; at < SYNCS; at += 1) {
    await file.write(batch);
    const startMs = performance.now();
    await file.datasync();
    took.push(performance.now() - startMs);
  }
  await file.close();
  return { p50Ms: percentile(took, 0.5), p99Ms: percentile(took, 0.99) };
}
