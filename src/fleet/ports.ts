import type { Duplex } from 'node:stream';
import type { PublicJwk } from '../base/index.ts';

/** What an agent can be asked to do. The forms of what is sent and answered are in `agent/src/wire/commands.ts`. */
export type NodeCommand = 'inventory' | 'doctor' | 'lease.grant' | 'lease.end' | 'lease.wipe' | 'lease.list' | 'lease.ssh' | 'lease.screen' | 'lease.look' | 'volume.remove' | 'lease.serve' | 'lease.job' | 'job.begin' | 'job.look' | 'job.stop' | 'job.read' | 'ranks.offer' | 'ranks.join' | 'ranks.leave' | 'ranks.probe' | 'cache.has' | 'session.carry' | 'recordings.list' | 'recordings.read' | 'recordings.remove' | 'machine.password' | 'machine.close' | 'update';

/**
 * What a stream to a node leads to. `cache` takes a file by its hash (`sha256`, `bytes`, `unpack`), which leases can be given. The others lead inside a lease: an sshd of its own, the screen's VNC server, whoever listens at a TCP port of the lease's
 * own loopback, or a terminal. Of a lease over several machines `ranks` is the line over which its programs ask for the others, and `rank` whoever listens at a TCP
 * port of the rank's own address. Params: `lease`, `fence` where it is known, of `port` and `rank` also `port`, of `terminal` which, whose and how large.
 */
export type NodeStream = 'ssh' | 'screen' | 'port' | 'terminal' | 'ranks' | 'rank' | 'cache';

/**
 * The connection to nodes, as this room needs it; `tunnels` implements it and `start` wires it.
 * All that comes from a node is hostile: what is answered is `unknown` and to be checked by who asked.
 */
export interface NodeLink {
  /** Whether the node's agent is connected and speaks a version that takes leases. */
  isConnected(nodeId: string): boolean;
  /**
   * One question to a node's agent, within the deadline (default 30 s).
   * A lost answer does not say that nothing was done: ask again with the same fence, or `lease.list`.
   * @throws TandemError node_unreachable, node_refused with the agent's own reason.
   */
  ask(nodeId: string, command: NodeCommand, params: Readonly<Record<string, unknown>>, deadlineMs?: number): Promise<unknown>;
  /**
   * A session inside a lease. It outlives the agent, and ends with the lease, with the node, or when the stream is destroyed.
   * @throws TandemError node_unreachable, node_refused (detail `no_port`: nothing listens there).
   */
  open(nodeId: string, kind: NodeStream, params: Readonly<Record<string, unknown>>): Promise<Duplex>;
  /** The returned function ends the listening. */
  onChange(listener: (nodeId: string, connected: boolean) => void): () => void;
}

/** A lease over several machines whose programs reach each other. */
export interface RankedLease {
  readonly leaseId: string;
  readonly fence: bigint;
  /** By rank, from 0 on. */
  readonly machineIds: readonly string[];
}

/** The ways among machines of one lease, as this room needs them; `tunnels` has them and `start` wires them. */
export interface RankLines {
  /** Keeps lines to the machines of these leases, and cuts those of all others. */
  keep(leases: readonly RankedLease[]): void;
  /** Whether a machine's programs reach the others. `refused`: its machine cannot, and why. */
  state(leaseId: string, rank: number): 'ready' | 'waits' | { readonly refused: string };
}

/** The key that vouches for wipes, as this room needs it; `tunnels` has it and `start` wires it. */
export interface WipeSigner {
  /** A JWS of the claims by the newest key. */
  sign(claims: Readonly<Record<string, unknown>>, type: string): Promise<{ readonly keyId: string; readonly certificate: string }>;
  /** Every key that ever signed, the newest first: certificates outlive the keys' use. */
  keys(): Promise<readonly (PublicJwk & { readonly createdAt: Date; readonly retiredAt: Date | null })[]>;
}
