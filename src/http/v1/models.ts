import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { ModelApi } from '../faces.ts';

/** The models that the caller may call, in OpenAI's form. */
export function listModels(principal: Principal, models: Pick<ModelApi, 'list'>) {
  demand(principal, 'models.call');
  return models.list(principal);
}

/** One of them by its id, whose slashes may be written raw or as %2F. @throws TandemError model_not_found */
export function showModel(principal: Principal, rawId: string, models: Pick<ModelApi, 'list'>) {
  const id = decoded(rawId);
  const model = listModels(principal, models).data.find((one) => one.id === id);
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
