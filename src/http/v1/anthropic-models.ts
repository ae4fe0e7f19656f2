import { TandemError } from '../../base/index.ts';
import type { ModelEntry } from '../faces.ts';

/** Anthropic's API reference, "List Models": 20 where nothing is said, 1,000 at most. */
const USUAL = 20;
const MOST = 1_000;

/** One model in the form of Anthropic's API. What is not known here is null; names have no lines and no end. */
export function anthropicModel(model: ModelEntry) {
  return {
    type: 'model', id: model.id, display_name: model.id, created_at: new Date(model.createdAtMs).toISOString(), max_input_tokens: model.contextTokens, max_tokens: model.maxOutputTokens,
    capabilities: null, lifecycle: 'active', line: null, deprecated_at: null, retires_at: null,
  };
}

/**
 * A page of the list of models in Anthropic's form.
 * @param query `limit`, and `after_id` or `before_id`: a page ends before the one or begins after the other.
 * @throws TandemError invalid_request
 */
export function anthropicModels(models: readonly ModelEntry[], query: URLSearchParams) {
  const limit = Number(query.get('limit') ?? USUAL);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) throw invalid('limit', `must be a whole number from 1 to ${MOST}`);
  const after = query.get('after_id');
  const before = query.get('before_id');
  if (after !== null && before !== null) throw invalid('before_id', 'cannot be sent beside after_id');
  const from = after === null ? 0 : placeOf(models, after, 'after_id') + 1;
  const to = before === null ? models.length : placeOf(models, before, 'before_id');
  const page = before === null ? models.slice(from, from + limit) : models.slice(Math.max(0, to - limit), to);
  return {
    data: page.map(anthropicModel), first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null,
    has_more: before === null ? from + page.length < models.length : to - page.length > 0,
  };
}

function placeOf(models: readonly ModelEntry[], id: string, field: string): number {
  const at = models.findIndex((model) => model.id === id);
  if (at === -1) throw invalid(field, 'must be the id of a model in this list');
  return at;
}

function invalid(param: string, problem: string): TandemError {
  return new TandemError('invalid_request', { param, params: { reason: `${param} ${problem}.` } });
}
