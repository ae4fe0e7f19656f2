import type { ContentStore } from '../content/index.ts';
import { fileId } from '../files/index.ts';
import type { BatchRow } from './batch-object.ts';
import type { BatchStore } from './batch-store.ts';
import { unrun, type LineResult } from './line-result.ts';

export interface BatchFilesOptions {
  readonly store: BatchStore;
  readonly content: ContentStore;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

/** Writes the output and the error file of a batch; each only when there is something to write. Those of an earlier try are removed first. @throws TandemError content_not_found: the project was purged. */
export async function writeBatchFiles(options: BatchFilesOptions, batch: BatchRow, why: 'completed' | 'expired' | 'cancelled'): Promise<{ output: string | null; errors: string | null }> {
  await options.content.removeOf(batch.organisation_id, batch.id);
  const output = await writeFile(options, batch, 'output', options.store.results(batch, 'done'));
  const errors = await writeFile(options, batch, 'error', errorLines(options, batch, why));
  return { output, errors };
}

async function* errorLines({ store, newId }: BatchFilesOptions, batch: BatchRow, why: 'completed' | 'expired' | 'cancelled'): AsyncGenerator<LineResult, void, undefined> {
  yield* store.results(batch, 'failed');
  if (why === 'completed') return;
  for await (const { customId } of store.unrun(batch)) yield unrun(newId(), customId, why === 'expired' ? 'batch_expired' : 'batch_cancelled');
}

async function writeFile({ content, newId, nowMs }: BatchFilesOptions, batch: BatchRow, what: 'output' | 'error', results: AsyncIterable<LineResult>): Promise<string | null> {
  const id = fileId(newId());
  const writer = await content.write({
    organisationId: batch.organisation_id, projectId: batch.project_id, keyId: batch.key_id, purpose: 'file', id, beganMs: batch.created_at.getTime(), kind: 'batch_output', belongsTo: batch.id,
    about: { filename: `${batch.id}_${what}.jsonl` }, ...(batch.output_seconds === null ? {} : { expiresAtMs: nowMs() + Number(batch.output_seconds) * 1000 }),
  });
  for await (const result of results) await writer.write(Buffer.from(`${JSON.stringify(result)}\n`));
  if (writer.bytes === 0) {
    await writer.abort();
    return null;
  }
  await writer.finish();
  return id;
}
