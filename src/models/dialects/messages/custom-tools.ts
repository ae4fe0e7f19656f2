import type { NeutralRequest } from '../../neutral/request.ts';
import { isObject } from '../../request/json.ts';

const NONE: ReadonlySet<string> = new Set();

/** Names of the caller's tools that take plain text, and were sent as functions with one text. */
export function customTools(request: NeutralRequest): ReadonlySet<string> {
  if (!request.needs.tools || request.dialect === 'messages') return NONE;
  return new Set(request.conversation().tools.flatMap((tool) => (tool.type === 'custom' ? [tool.name] : [])));
}

/** The text out of `{"input": …}`; what is not of that form stays as it is. */
export function customInput(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) && typeof value['input'] === 'string' ? value['input'] : json;
  } catch {
    return json;
  }
}
