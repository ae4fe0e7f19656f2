import { createIdSource, type Clock, type Logger } from '../base/index.ts';
import type { Access } from '../access/index.ts';
import type { Database } from '../db/index.ts';
import type { NodeContext } from './nodes/context.ts';
import type { AgentAddress } from './nodes/enrolment-line.ts';
import { Enrolments } from './nodes/enrolments.ts';
import { Nodes } from './nodes/nodes.ts';
import { Presence } from './nodes/presence.ts';
import type { NodeLink } from './ports.ts';

export interface FleetOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Pick<Access, 'audit' | 'noteRefusal'>;
}

/** The room's face: machines, and who has them. */
export class Fleet {
  readonly nodes: Nodes;
  readonly enrolments: Enrolments;
  readonly presence: Presence;
  #link: NodeLink | undefined;
  #address: AgentAddress | null = null;

  constructor(options: FleetOptions) {
    const context: NodeContext = { ...options, newId: createIdSource(() => options.clock.nowMs()) };
    this.nodes = new Nodes(context, () => this.#link);
    this.enrolments = new Enrolments(context, () => this.#address);
    this.presence = new Presence(context);
  }

  /** The connection to nodes, once it is there. @param address null while machines have no way to reach this server. */
  useLink(link: NodeLink, address: AgentAddress | null): void {
    this.#link = link;
    this.#address = address;
  }
}

export function createFleet(options: FleetOptions): Fleet {
  return new Fleet(options);
}
