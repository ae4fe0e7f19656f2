import { invalid } from '../request/fields.ts';
import type { JsonObject } from '../request/json.ts';

export interface PageQuery {
  /** 1 to 100; OpenAI's default is 20. */
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** The id of the last item of the page before. */
  readonly after: string | null;
  readonly include: readonly string[];
}

export interface ItemPage {
  readonly object: 'list';
  readonly data: readonly JsonObject[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** One page of a conversation's items, which are given oldest first. @throws TandemError invalid_request when `after` is none of them. */
export function page(items: readonly JsonObject[], { limit, order, after }: PageQuery): ItemPage {
  const ordered = order === 'asc' ? items : items.toReversed();
  const last = after === null ? -1 : ordered.findIndex((item) => item['id'] === after);
  if (after !== null && last === -1) throw invalid('after', 'names no item of this response');
  const data = ordered.slice(last + 1, last + 1 + limit);
  return { object: 'list', data, first_id: idOf(data[0]), last_id: idOf(data.at(-1)), has_more: ordered.length > last + 1 + limit };
}

function idOf(item: JsonObject | undefined): string | null {
  return typeof item?.['id'] === 'string' ? item['id'] : null;
}
