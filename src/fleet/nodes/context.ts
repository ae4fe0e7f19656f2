import type { Clock, Logger } from '../../base/index.ts';
import type { Access, Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';

/** What the parts of nodes share. */
export interface NodeContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Pick<Access, 'audit' | 'noteRefusal'>;
  readonly newId: () => string;
  /** Notes what a person did by hand; absent: nobody counts. */
  readonly steps?: StepNotes;
}

/** Counts what people do by hand. */
export interface StepNotes {
  /** In the transaction that does it. What the server itself does is not counted. */
  noteStep(tx: Executor, by: Pick<Principal, 'organisationId' | 'actor'>, subject: string, name: string, step: string): Promise<void>;
}

/** Told at commit of every change that another process's connection to the node must hear of. */
export const NODES_CHANNEL = 'nodes';
/** Told at commit when a node is connected somewhere else than before, or nowhere. */
export const WHEREABOUTS_CHANNEL = 'nodes_at';

/** Told at commit of everything that a page of nodes shows and that changed: the id of the organisation that it concerns. */
export const NODE_PAGES_CHANNEL = 'node_pages';

/** Notes what happened to a node, for its page, and tells those that are open. */
export async function noteEvent(context: Pick<NodeContext, 'database' | 'clock' | 'newId'>, tx: Executor, node: { readonly organisation_id: string; readonly id: string }, kind: string, detail = ''): Promise<void> {
  await context.database.scoped(node.organisation_id, tx).insertInto('node_events', { id: context.newId(), node_id: node.id, at: new Date(context.clock.nowMs()), kind, detail: detail.slice(0, 500) }).execute();
  await context.database.notify(tx, NODE_PAGES_CHANNEL, node.organisation_id);
}
