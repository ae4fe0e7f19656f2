import type { Duplex } from 'node:stream';
import type { Logger } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { ScreenFault } from './byte-reader.ts';
import { letIn } from './handshake.ts';
import { actorOf, type ScreenMode, type Ticket, type Tickets } from './tickets.ts';
import type { Viewers } from './viewers.ts';
import { ViewerFilter } from './viewer-filter.ts';

/** What this asks of the gateway. */
export interface ScreenGateway {
  /** @throws TandemError when the principal may not enter the lease now. */
  demandEntry(principal: Principal, leaseId: string): Promise<void>;
  /** The lease's screen, logged in at. It ends with the lease. */
  look(principal: Principal, leaseId: string): Promise<Duplex>;
}

const LET_IN_MS = 15_000;

/** Who looks at which lease's screen. */
export class Screens {
  readonly #gateway: ScreenGateway;
  readonly #tickets: Tickets;
  readonly #log: Logger;
  readonly #viewers: Viewers;

  constructor(gateway: ScreenGateway, tickets: Tickets, viewers: Viewers, log: Logger) {
    this.#gateway = gateway;
    this.#tickets = tickets;
    this.#viewers = viewers;
    this.#log = log;
  }

  /** A ticket for one opening of a lease's screen, for oneself or, as an invitation, for another. @throws TandemError as entering does. */
  async ticket(principal: Principal, leaseId: string, mode: ScreenMode, forActor: string | null): Promise<Ticket> {
    await this.#gateway.demandEntry(principal, leaseId);
    return this.#tickets.make(principal, leaseId, { kind: 'screen', mode, forActor });
  }

  /**
   * Looks at a screen on behalf of a browser. Who is not the first needs an invitation of one who looks already: nobody is watched
   * without a say.
   * @returns how a browser's connection is joined to it, which says when it has ended whether it was `lost` rather than closed; the returned
   * stream ends with the lease.
   * @throws TandemError ticket_invalid, screen_in_use, screen_failed, and as entering does.
   */
  async open(principal: Principal, leaseId: string, ticket: string): Promise<{ readonly stream: Duplex; join(browser: Duplex, lost: () => boolean): Promise<void> }> {
    const { mode, givenBy } = await this.#tickets.use(principal, leaseId, 'screen', ticket);
    const id = await this.#viewers.enter({ organisationId: principal.organisationId, leaseId, actor: actorOf(principal), label: principal.actor.label, mode }, givenBy);
    let isLost = (): boolean => false;
    const leave = (): void => (isLost() ? this.#viewers.lose(id) : void this.#viewers.leave(id));
    let stream: Duplex;
    try {
      stream = await this.#gateway.look(principal, leaseId);
    } catch (error) {
      leave();
      throw error;
    }
    stream.on('close', leave);
    return {
      stream,
      join: (browser, lost) => {
        isLost = lost;
        return this.#join(browser, stream, mode);
      },
    };
  }

  async #join(browser: Duplex, stream: Duplex, mode: ScreenMode): Promise<void> {
    const end = (): void => {
      browser.destroy();
      stream.destroy();
    };
    browser.on('error', end).on('close', end);
    stream.on('close', end);
    try {
      await letIn(browser, AbortSignal.timeout(LET_IN_MS));
    } catch (error) {
      if (!(error instanceof ScreenFault)) this.#log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a browser could not be let in to a screen');
      return end();
    }
    stream.pipe(browser);
    if (mode === 'control') {
      browser.pipe(stream);
      return;
    }
    const filter = new ViewerFilter();
    filter.on('error', end);
    browser.pipe(filter).pipe(stream);
  }
}
