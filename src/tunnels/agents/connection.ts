import { createHash } from 'node:crypto';
import type { Message, Session } from '../../../agent/src/wire/index.ts';
import type { HealthReport, KnownNode } from '../../fleet/index.ts';

/** One agent's connection, as this process has it. */
export interface ConnectionFacts {
  readonly node: KnownNode;
  readonly session: Session;
  /** Random for each start of the agent: a copied key does not know it. */
  readonly instance: string;
  /** Counts the connections of one start of the agent. */
  readonly attempt: number;
  /** What both speak; 0: an agent that is outdated. */
  readonly protocol: number;
  /** An agent that is too old may only be brought up to date. */
  readonly outdated: boolean;
  readonly connectedAtMs: number;
  readonly publicKey: Buffer;
}

/** What of a node was told and is not written yet. The newest counts, so a node that talks without end costs one row. */
export class Connection {
  readonly facts: ConnectionFacts;
  certificateExpiresAtMs: number;
  #inventory: Message | undefined;
  #health: HealthReport | undefined;
  /** The hash of what was told last, so that the same word every five seconds costs nothing. */
  #lastInventory: string | undefined;
  #lastHealth: string | undefined;
  #framesSeen = 0;
  #quietSinceMs: number;

  constructor(facts: ConnectionFacts, certificateExpiresAtMs: number, monotonicMs: number) {
    this.facts = facts;
    this.certificateExpiresAtMs = certificateExpiresAtMs;
    this.#quietSinceMs = monotonicMs;
  }

  /** Whether something is not written yet. */
  get untold(): boolean {
    return this.#inventory !== undefined || this.#health !== undefined;
  }

  /** True for the first one of this connection. */
  tellInventory(inventory: Message): boolean {
    const first = this.#lastInventory === undefined;
    const hash = hashOf(inventory);
    if (hash === this.#lastInventory) return false;
    this.#lastInventory = hash;
    this.#inventory = inventory;
    return first;
  }

  tellHealth(health: HealthReport | undefined): void {
    if (health === undefined) return;
    const hash = hashOf(health);
    if (hash === this.#lastHealth) return;
    this.#lastHealth = hash;
    this.#health = health;
  }

  /** What is to be written now. */
  take(): { readonly inventory: Message | undefined; readonly health: HealthReport | undefined } {
    const taken = { inventory: this.#inventory, health: this.#health };
    this.#inventory = undefined;
    this.#health = undefined;
    return taken;
  }

  /** How long nothing has arrived, as far as the last look can tell. */
  quietForMs(monotonicMs: number): number {
    const { framesIn } = this.facts.session;
    if (framesIn !== this.#framesSeen) {
      this.#framesSeen = framesIn;
      this.#quietSinceMs = monotonicMs;
    }
    return monotonicMs - this.#quietSinceMs;
  }
}

function hashOf(told: object): string {
  return createHash('sha256').update(JSON.stringify(told)).digest('base64');
}

/** Reads a node's word about its health; undefined: it is none. */
export function readHealth(fields: Message): HealthReport | undefined {
  const { state, reasons } = fields;
  if (state !== 'ok' && state !== 'degraded' && state !== 'sick') return undefined;
  return { state, reasons: Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : [] };
}
