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
  /** An agent that is too old may only be brought up to date. */
  readonly outdated: boolean;
  readonly connectedAtMs: number;
  readonly publicKey: Buffer;
}

/** What of a node was told and is not written yet. The newest counts, so a node that talks without end costs one row. */
export class Connection {
  readonly facts: ConnectionFacts;
  certificateExpiresAtMs: number;
  inventory: Message | undefined;
  /** The inventory that is in the database. */
  written: Message | undefined;
  health: HealthReport | undefined;
  #framesSeen = 0;
  #quietSinceMs: number;

  constructor(facts: ConnectionFacts, certificateExpiresAtMs: number, monotonicMs: number) {
    this.facts = facts;
    this.certificateExpiresAtMs = certificateExpiresAtMs;
    this.#quietSinceMs = monotonicMs;
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

/** Reads a node's word about its health; undefined: it is none. */
export function readHealth(fields: Message): HealthReport | undefined {
  const { state, reasons } = fields;
  if (state !== 'ok' && state !== 'degraded' && state !== 'sick') return undefined;
  return { state, reasons: Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : [] };
}
