import { TandemError, isTandemError } from '../../base/index.ts';

/** A line of an output or error file, in the form of OpenAI's Batch API ("The request output object"). */
export interface LineResult {
  readonly id: string;
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: unknown } | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Tokens of a batch, in the form of its `usage`. */
export interface BatchTokens {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

export function answered(callId: string, customId: string, status: number, body: unknown): LineResult {
  return { id: requestId(callId), custom_id: customId, response: { status_code: status, request_id: callId, body }, error: null };
}

/** What a call by itself would have been answered, in OpenAI's envelope. */
export function refused(callId: string, customId: string, error: unknown): LineResult {
  const known = isTandemError(error) ? error : new TandemError('internal', { params: { requestId: callId } });
  return answered(callId, customId, known.status, { error: { message: `${known.message} ${known.next}`, type: known.type, param: known.param ?? null, code: known.code } });
}

/** A line that was never run. */
export function unrun(id: string, customId: string, code: 'batch_expired' | 'batch_cancelled'): LineResult {
  const message = code === 'batch_expired' ? 'This request could not be executed before the completion window expired.' : 'This request was not executed: the batch was cancelled.';
  return { id: requestId(id), custom_id: customId, response: null, error: { code, message } };
}

/** What the reply of any dialect says of its tokens; nothing where it says nothing. */
export function tokensOf(body: unknown): BatchTokens {
  const usage = field(body, 'usage');
  const count = (...names: string[]): number => {
    for (const name of names) {
      const value = name.split('.').reduce<unknown>(field, usage);
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    }
    return 0;
  };
  const beside = count('cache_read_input_tokens');
  return {
    // Anthropic's `input_tokens` leaves out what its caches gave and took; the others' counts hold it.
    input: count('prompt_tokens', 'input_tokens') + beside + count('cache_creation_input_tokens'),
    cached: count('prompt_tokens_details.cached_tokens', 'input_tokens_details.cached_tokens') + beside,
    output: count('completion_tokens', 'output_tokens'),
    reasoning: count('completion_tokens_details.reasoning_tokens', 'output_tokens_details.reasoning_tokens'),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function requestId(callId: string): string {
  return `batch_req_${callId.replaceAll('-', '')}`;
}
