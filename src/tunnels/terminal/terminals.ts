import type { Duplex } from 'node:stream';
import type { TerminalSize } from '../../../agent/src/wire/index.ts';
import { boundSize } from '../../../agent/src/wire/index.ts';
import { TandemError, isUuid } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { actorOf, type Ticket, type Tickets } from '../screen/tickets.ts';
import { TerminalLine, type TerminalListener } from './terminal-line.ts';

/** What this asks of the gateway. */
export interface TerminalGateway {
  /** @throws TandemError when the principal may not enter the lease now. */
  demandEntry(principal: Principal, leaseId: string): Promise<void>;
  /** A terminal inside the lease: a new one, or one of the same person's that is there still. It ends with the lease. */
  terminal(principal: Principal, leaseId: string, order: { readonly terminal: string; readonly person: string } & TerminalSize): Promise<Duplex>;
}

/** Which terminal a browser opens. */
export interface TerminalWish extends TerminalSize {
  /** One that this person has had open; null: a new one. */
  readonly terminal: string | null;
}

/** Terminals of leases, for browsers. */
export class Terminals {
  readonly #gateway: TerminalGateway;
  readonly #tickets: Tickets;
  readonly #newId: () => string;

  constructor(gateway: TerminalGateway, tickets: Tickets, newId: () => string) {
    this.#gateway = gateway;
    this.#tickets = tickets;
    this.#newId = newId;
  }

  /** A ticket for one opening of a terminal, for oneself alone. @throws TandemError invalid_request, and as entering does. */
  async ticket(principal: Principal, leaseId: string, forActor: string | null): Promise<Ticket> {
    if (forActor !== null) throw new TandemError('invalid_request', { param: 'forActor', params: { reason: 'A terminal is for who opens it: forActor must be null.' } });
    await this.#gateway.demandEntry(principal, leaseId);
    return this.#tickets.make(principal, leaseId, { kind: 'terminal', mode: 'control', forActor: null });
  }

  /** Uses a ticket up. @throws TandemError ticket_invalid. */
  async admit(principal: Principal, leaseId: string, ticket: string): Promise<void> {
    await this.#tickets.use(principal, leaseId, 'terminal', ticket);
  }

  /** Opens a terminal for who was admitted. @throws TandemError as entering does. */
  async open(principal: Principal, leaseId: string, wish: TerminalWish, listener: TerminalListener): Promise<{ readonly id: string; readonly line: TerminalLine }> {
    if (wish.terminal !== null && !isUuid(wish.terminal)) throw new TandemError('invalid_request', { param: 'terminal', params: { reason: 'terminal must be the id of a terminal.' } });
    const id = wish.terminal ?? this.#newId();
    const stream = await this.#gateway.terminal(principal, leaseId, { terminal: id, person: actorOf(principal), ...boundSize(wish.columns, wish.rows) });
    return { id, line: new TerminalLine(stream, listener) };
  }
}
