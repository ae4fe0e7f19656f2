import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';

export type BatchRow = Selectable<Schema['batches']>;

/** OpenAI's "Batch object" (platform.openai.com/docs/api-reference/batch/object). Times are Unix seconds. */
export interface BatchObject {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: string;
  readonly errors: { readonly object: 'list'; readonly data: readonly { readonly code: string; readonly line: number | null; readonly message: string; readonly param: string | null }[] } | null;
  readonly input_file_id: string;
  readonly completion_window: '24h';
  readonly status: BatchRow['state'];
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly created_at: number;
  readonly in_progress_at: number | null;
  readonly expires_at: number;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly usage: {
    readonly input_tokens: number; readonly input_tokens_details: { readonly cached_tokens: number };
    readonly output_tokens: number; readonly output_tokens_details: { readonly reasoning_tokens: number }; readonly total_tokens: number;
  };
  readonly metadata: Readonly<Record<string, string>> | null;
}

export function batchObject(row: BatchRow, metadata: Readonly<Record<string, string>> | null): BatchObject {
  const { input = 0, cached = 0, output = 0, reasoning = 0 } = row.usage;
  return {
    id: row.id, object: 'batch', endpoint: row.endpoint, errors: row.faults.length === 0 ? null : { object: 'list', data: row.faults },
    input_file_id: row.input_file_id, completion_window: '24h', status: row.state, output_file_id: row.output_file_id, error_file_id: row.error_file_id,
    created_at: unix(row.created_at)!, in_progress_at: unix(row.in_progress_at), expires_at: unix(row.expires_at)!, finalizing_at: unix(row.finalizing_at),
    completed_at: unix(row.completed_at), failed_at: unix(row.failed_at), expired_at: unix(row.expired_at), cancelling_at: unix(row.cancelling_at), cancelled_at: unix(row.cancelled_at),
    request_counts: { total: row.total, completed: row.completed, failed: row.failed },
    usage: {
      input_tokens: input, input_tokens_details: { cached_tokens: cached }, output_tokens: output, output_tokens_details: { reasoning_tokens: reasoning }, total_tokens: input + output,
    },
    metadata,
  };
}

function unix(time: Date | null): number | null {
  return time === null ? null : Math.floor(time.getTime() / 1000);
}
