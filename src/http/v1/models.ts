import type { CallRequest } from '../exchange.ts';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import { anthropicModel, anthropicModels } from './anthropic-models.ts';
import type { ModelApi } from '../faces.ts';

type Models = Pick<ModelApi, 'list' | 'entries'>;

/** Anthropic's SDKs send their API's version with every request; nobody else does. */
export function speaksAnthropic(request: CallRequest): boolean {
  return request.headers['anthropic-version'] !== undefined;
}

/** The models that the caller may call, in OpenAI's form or, for Anthropic's SDKs, in theirs. @throws TandemError invalid_request for the page asked for. */
export function listModels(principal: Principal, models: Models, request: CallRequest): object {
  demand(principal, 'models.call');
  return speaksAnthropic(request) ? anthropicModels(models.entries(principal), new URL(request.url ?? '/', 'http://here').searchParams) : models.list(principal);
}

/** One of them by its id, whose slashes may be written raw or as %2F. @throws TandemError resource_not_found */
export function showModel(principal: Principal, rawId: string, models: Models, request: CallRequest): object {
  demand(principal, 'models.call');
  const id = decoded(rawId);
  const entry = models.entries(principal).find((one) => one.id === id);
  const model = speaksAnthropic(request) ? entry && anthropicModel(entry) : models.list(principal).data.find((one) => one.id === id);
  if (!model) throw new TandemError('resource_not_found', { params: { kind: 'model', id, verb: 'models' }, param: 'model' });
  return model;
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}
