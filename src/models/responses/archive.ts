import { TandemError, isTandemError, uuidTimeMs } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import type { ContentStore } from '../content/index.ts';
import type { Principal } from '../ports.ts';
import { invalid } from '../request/fields.ts';
import { isObject, type JsonObject } from '../request/json.ts';
import { outputItems, readKept, type KeptResponse } from './kept-response.ts';

/** Whose response it is. */
export interface Owner {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
}

/** A conversation is put together from at most so many responses. */
const MOST_LINKS = 1_000;
/** What an id can look like here: nothing else is looked for or noted. */
const PLAIN_ID = /^[\x21-\x7e]{1,200}$/;

/** Kept responses: writing them down, finding them, and putting a conversation together from them. */
export class Archive {
  readonly #content: ContentStore;
  readonly #database: Database;

  constructor(content: ContentStore, database: Database) {
    this.#content = content;
    this.#database = database;
  }

  /** Keeps a response that has ended, in place of what was kept of it before. Not where its project was purged since it began. */
  async keep(owner: Owner, kept: KeptResponse, tx?: Executor): Promise<void> {
    if (tx === undefined) return this.#database.transaction((own) => this.keep(owner, kept, own));
    const id = String(kept.response['id']);
    if (await this.#content.put({ ...owner, purpose: 'response', id, beganMs: beganMs(id), value: JSON.stringify(kept) }, tx) === null) return;
    const ids = [...kept.input, ...outputItems(kept)].map((item) => item['id']).filter((item): item is string => typeof item === 'string' && PLAIN_ID.test(item));
    if (ids.length === 0) return;
    await this.#database.scoped(owner.organisationId, tx).insertInto('response_items', [...new Set(ids)].map((item) => ({ project_id: owner.projectId, item_id: item, response_id: id }))).execute();
  }

  /** @throws TandemError content_not_found: there is none, its time is over, or it is another project's. */
  async find(principal: Principal, id: string): Promise<KeptResponse & { readonly owner: Owner }> {
    if (!PLAIN_ID.test(id)) throw this.#content.missed(principal, 'response', id);
    const { value, organisationId, projectId, keyId } = await this.#content.get(principal, id, ['response', 'background']);
    return { ...readKept(value), owner: { organisationId, projectId, keyId } };
  }

  /**
   * The items of the conversation up to and with a response, oldest first.
   * @throws TandemError previous_response_not_found when one of its responses is not kept (any more); invalid_request when one has not ended well.
   */
  async conversation(principal: Principal, lastId: string): Promise<JsonObject[]> {
    const links: JsonObject[][] = [];
    for (let id: unknown = lastId; typeof id === 'string'; ) {
      if (links.length === MOST_LINKS) throw invalid('previous_response_id', `begins a conversation of more than ${MOST_LINKS} responses; send the items themselves`);
      const kept = await this.#previous(principal, id);
      links.push([...kept.input, ...outputItems(kept)]);
      id = kept.response['previous_response_id'];
    }
    return links.reverse().flat();
  }

  async #previous(principal: Principal, id: string): Promise<KeptResponse> {
    let kept: KeptResponse;
    try {
      kept = await this.find(principal, id);
    } catch (error) {
      if (!isTandemError(error, 'content_not_found')) throw error;
      throw new TandemError('previous_response_not_found', { params: { id }, param: 'previous_response_id', cause: error });
    }
    const { status } = kept.response;
    if (status !== 'completed' && status !== 'incomplete') throw invalid('previous_response_id', `names a response that is ${String(status)}; wait until it is completed`);
    return kept;
  }

  /**
   * Puts the items themselves where the input only names them.
   * @throws TandemError invalid_request with the place of the first that is not kept here.
   */
  async resolved(principal: Principal, projectId: string, input: unknown): Promise<unknown> {
    if (!Array.isArray(input)) return input;
    const named = new Set(input.map(referenceIn).filter((id): id is string => id !== null && PLAIN_ID.test(id)));
    if (named.size === 0) return input;
    const rows = await this.#database.scoped(principal.organisationId).selectFrom('response_items').select(['item_id', 'response_id'])
      .where('project_id', '=', projectId).where('item_id', 'in', [...named]).execute();
    const found = new Map<string, JsonObject>();
    for (const id of new Set(rows.map(({ response_id }) => response_id))) {
      const kept = await this.find(principal, id).catch((error: unknown) => {
        if (isTandemError(error, 'content_not_found')) return null;
        throw error;
      });
      for (const item of kept === null ? [] : [...kept.input, ...outputItems(kept)]) found.set(String(item['id']), item);
    }
    return input.map((item: unknown, at) => {
      const id = referenceIn(item);
      if (id === null) return item;
      const itself = found.get(id);
      if (!itself) throw invalid(`input[${at}].id`, 'names no item that is kept here; send the item itself');
      return itself;
    });
  }

  /** What a response was made from: the conversation before it and its own input. */
  async inputOf(principal: Principal, id: string): Promise<JsonObject[]> {
    const kept = await this.find(principal, id);
    const before = kept.response['previous_response_id'];
    return typeof before === 'string' ? [...await this.conversation(principal, before), ...kept.input] : [...kept.input];
  }

  async remove(principal: Principal, id: string): Promise<void> {
    const { owner } = await this.find(principal, id);
    await this.#content.removeOf(owner.organisationId, id);
    await this.#content.delete(principal, id, ['response', 'background']);
  }
}

/** When a response began, as its id says. */
export function beganMs(id: string): number {
  return uuidTimeMs(id.slice('resp_'.length));
}

/** The id in an `item_reference`, whose type may be left out. */
function referenceIn(item: unknown): string | null {
  if (!isObject(item) || typeof item['id'] !== 'string') return null;
  const bare = item['type'] == null && item['role'] === undefined && Object.keys(item).every((field) => field === 'id' || field === 'type');
  return item['type'] === 'item_reference' || bare ? item['id'] : null;
}

