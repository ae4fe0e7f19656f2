import { TandemError, type Clock, type RandomBytes } from '../../base/index.ts';
import { makeToken, tokenHash, type Principal } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';

/** Whether somebody may use the keyboard and the pointer, or only look. */
export type ScreenMode = 'control' | 'view';
/** What a ticket opens. */
export type TicketKind = 'screen' | 'terminal';

export interface Ticket {
  /** Shown once. */
  readonly ticket: string;
  readonly expiresAt: string;
}

export interface UsedTicket {
  readonly mode: ScreenMode;
  /** The actor who made it. */
  readonly givenBy: string;
}

/** From the answer to the opening of a WebSocket no more than moments pass; a person who is invited takes longer. */
const OWN_MS = 30_000;
const GIVEN_MS = 15 * 60_000;

/**
 * Tickets for screens and terminals. A browser's WebSocket can carry no header of ours, so what it is allowed is bound to a ticket: of one person, one lease,
 * one opening. Of several that use it at once one wins, whichever process they reach.
 */
export class Tickets {
  readonly #options: { readonly database: Database; readonly clock: Clock; readonly random: RandomBytes };

  constructor(options: { readonly database: Database; readonly clock: Clock; readonly random: RandomBytes }) {
    this.#options = options;
  }

  async make(principal: Principal, leaseId: string, { kind, mode, forActor }: { readonly kind: TicketKind; readonly mode: ScreenMode; readonly forActor: string | null }): Promise<Ticket> {
    const { database, clock, random } = this.#options;
    const { token, hash } = makeToken(random);
    const own = actorOf(principal);
    const now = clock.nowMs();
    const expiresAt = new Date(now + (forActor === null || forActor === own ? OWN_MS : GIVEN_MS));
    await database.unscoped('tickets that nobody used, of all').deleteFrom('lease_tickets').where('expires_at', '<', new Date(now)).execute();
    await database.scoped(principal.organisationId).insertInto('lease_tickets', { hash, lease_id: leaseId, actor_id: forActor ?? own, kind, mode, given_by: own, created_at: new Date(now), expires_at: expiresAt }).execute();
    return { ticket: token, expiresAt: expiresAt.toISOString() };
  }

  /** @throws TandemError ticket_invalid */
  async use(principal: Principal, leaseId: string, kind: TicketKind, ticket: string): Promise<UsedTicket> {
    const { database, clock } = this.#options;
    const row = await database.scoped(principal.organisationId).deleteFrom('lease_tickets')
      .where('hash', '=', tokenHash(ticket)).where('lease_id', '=', leaseId).where('kind', '=', kind).where('actor_id', '=', actorOf(principal)).where('expires_at', '>', new Date(clock.nowMs()))
      .returning(['mode', 'given_by']).executeTakeFirst();
    if (row === undefined) throw new TandemError('ticket_invalid');
    return { mode: row.mode, givenBy: row.given_by };
  }
}

/** By what a person is known from one call to the next. */
export function actorOf({ actor, organisationId }: Principal): string {
  return actor.id ?? organisationId;
}
