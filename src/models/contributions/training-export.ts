import { demand } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import type { ContentStore, StoredContent } from '../content/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import type { Contribution } from './contributions.ts';
import { dropLogprobs, joinPieces } from './joined-stream.ts';
import { loadRedact, redactValue, type Redact } from './redact.ts';

/** One call of a consenting project with what was said of it: a line of the export. */
export interface TrainingRecord {
  readonly id: string;
  readonly projectId: string;
  readonly dialect: string;
  readonly request: unknown;
  /** JSON; the data of each event where it was a stream. */
  readonly reply: unknown;
  readonly streamed: boolean;
  readonly feedback: readonly {
    readonly kind: string; readonly rating: number | null; readonly outcome: string | null; readonly scenario: string | null;
    readonly comment: string | null; readonly edit: string | null;
  }[];
}

export interface TrainingExportOptions {
  readonly database: Database;
  readonly access: AccessPort;
  readonly store: ContentStore;
}

/** What consenting projects contributed, for training: redacted on its way out, in pages. */
export class TrainingExport {
  readonly #options: TrainingExportOptions;
  #redact: Promise<Redact> | undefined;

  constructor(options: TrainingExportOptions) {
    this.#options = options;
  }

  /** Oldest first. @throws TandemError content_not_found for a cursor that is none. */
  async page(principal: Principal, query: { limit: number; cursor?: string | undefined }): Promise<{ items: TrainingRecord[]; nextCursor: string | null }> {
    demand(principal, 'content.export');
    const { items, more } = await this.#options.store.list(principal, { purpose: 'contribution', limit: query.limit, order: 'asc', ...(query.cursor === undefined ? {} : { after: query.cursor }) });
    this.#redact ??= loadRedact();
    const redact = await this.#redact;
    const records: TrainingRecord[] = [];
    for (const item of items) {
      const record = await this.#record(principal, item, redact);
      if (record !== null) records.push(record);
    }
    return { items: records, nextCursor: more ? items.at(-1)!.id : null };
  }

  async #record(principal: Principal, item: StoredContent, redact: Redact): Promise<TrainingRecord | null> {
    const { database, access, store } = this.#options;
    // Withdrawn a moment ago: what is on its way out stays here.
    if (access.directory.project(item.projectId)?.tier !== 'contributor') return null;
    const pieces = await Array.fromAsync(store.read(item));
    if (pieces.length === 0) return null;
    const contribution = JSON.parse(Buffer.concat(pieces).toString()) as Contribution;
    const said = await database.scoped(principal.organisationId).selectFrom('feedback').selectAll().where('event_id', '=', contribution.id).orderBy('id').execute();
    const feedback = await Promise.all(said.map(async (row) => {
      const text = row.content_id === null ? null : Buffer.concat(await Array.fromAsync(store.read({ organisationId: principal.organisationId, id: row.content_id }))).toString();
      const words = text === null || text === '' ? { comment: null, edit: null } : JSON.parse(text) as { comment: string | null; edit: string | null };
      return { kind: row.kind, rating: row.rating, outcome: row.outcome, scenario: row.scenario, ...words };
    }));
    const { id, dialect, request, reply, streamed } = contribution;
    const given = readReply(reply, streamed);
    dropLogprobs(given);
    const clean = await redactValue({ request, reply: given, feedback }, redact) as Pick<TrainingRecord, 'request' | 'reply' | 'feedback'>;
    return { id, projectId: item.projectId, dialect, streamed, ...clean };
  }
}

/** A stream as the data of its events, each text whole in the first of them that has a piece of it. */
function readReply(reply: string, streamed: boolean): unknown {
  if (!streamed) return parse(reply);
  const events = reply.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n');
    return data === '' || data === '[DONE]' ? [] : [parse(data)];
  });
  joinPieces(events);
  return events;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
