import type { Duplex } from 'node:stream';
import { Session, WireError, joinStreams, wholeOf, type Message, type WireStream } from '../../../agent/src/wire/index.ts';
import { isTandemError, type Clock, type Logger } from '../../base/index.ts';
import type { NodeLink, RankLines, RankedLease } from '../../fleet/index.ts';

export interface LinesOptions {
  readonly link: Pick<NodeLink, 'open'>;
  readonly clock: Clock;
  readonly log: Logger;
}

type LineState = 'opening' | 'ready' | 'waits' | { readonly refused: string };

/** A machine's line, or the try to have it. */
interface Line {
  state: LineState;
  /** Not tried again before this. */
  retryAtMs: number;
  session: Session | undefined;
}

interface Kept {
  readonly lease: RankedLease;
  readonly lines: Line[];
}

const RETRY_MS = 2_000;
/** A program that asks for another rank's port before anything listens there is kept waiting for so long: ranks do not begin at the same moment. */
const LISTEN_MS = 45_000;
const BETWEEN_MS = 250;
const LIMITS = { streams: 1_024, questions: 1 };
/** What a machine says that another try would not change. */
const FINAL = new Set(['unknown_stream']);

/**
 * The ways among the machines of one lease. Each machine has a line to this process, over which its programs ask for a rank and a port; the
 * way goes on to that port of that rank, in the same lease by construction: a line knows no other. Whatever a machine says, it reaches nothing else.
 */
export class LeaseRankLines implements RankLines {
  readonly #options: LinesOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  keep(leases: readonly RankedLease[]): void {
    const wanted = new Map(leases.map((lease) => [lease.leaseId, lease]));
    for (const [id, kept] of this.#kept) if (wanted.get(id)?.fence !== kept.lease.fence) this.#drop(id);
    for (const lease of leases) {
      const kept = this.#kept.get(lease.leaseId) ?? { lease, lines: lease.machineIds.map((): Line => ({ state: 'waits', retryAtMs: 0, session: undefined })) };
      this.#kept.set(lease.leaseId, kept);
      for (const [rank, line] of kept.lines.entries()) if (line.state === 'waits' && line.retryAtMs <= this.#options.clock.monotonicMs()) void this.#open(kept, rank, line);
    }
  }

  state(leaseId: string, rank: number): ReturnType<RankLines['state']> {
    const state = this.#kept.get(leaseId)?.lines[rank]?.state ?? 'waits';
    return state === 'opening' ? 'waits' : state;
  }

  stop(): void {
    for (const id of this.#kept.keys()) this.#drop(id);
  }

  /** Whoever reads a lease's state hears nothing more of these. */
  #drop(id: string): void {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    for (const { session } of kept?.lines ?? []) session?.close('over', 'the lease is over');
  }

  async #open(kept: Kept, rank: number, line: Line): Promise<void> {
    const { link, log } = this.#options;
    const { leaseId, fence, machineIds } = kept.lease;
    line.state = 'opening';
    try {
      const stream = await link.open(machineIds[rank]!, 'ranks', { lease: leaseId, fence: String(fence) });
      stream.on('error', () => stream.destroy());
      line.session = new Session({
        socket: stream, side: 'server', limits: LIMITS,
        handlers: {
          answer: async (name) => { throw new WireError('unknown_command', `a line of ranks does not know ${name}`); },
          accept: (name, params, asked) => this.#join(kept, rank, name, params, asked),
          event: () => {},
          closed: () => this.#lost(line),
        },
      });
      // What answers a ping has all that it needs inside the lease: it opened its socket there first.
      await line.session.ping();
      if (this.#kept.get(leaseId) !== kept) return line.session.close('over', 'the lease is over');
      if (!line.session.over) line.state = 'ready';
    } catch (error) {
      if (isTandemError(error, 'node_refused') && FINAL.has(error.detail ?? '')) line.state = { refused: 'its agent is of a release that has no jobs over several machines' };
      else this.#lost(line);
      log.debug({ lease: leaseId, rank, reason: (error as Error).message }, 'a line among the machines of a lease could not be had');
    }
  }

  #lost(line: Line): void {
    line.session = undefined;
    line.state = 'waits';
    line.retryAtMs = this.#options.clock.monotonicMs() + RETRY_MS;
  }

  /** @throws WireError no_rank, no_port, unknown_stream. */
  async #join(kept: Kept, from: number, name: string, params: Message, asked: WireStream): Promise<void> {
    if (name !== 'rank') throw new WireError('unknown_stream', `a line of ranks has no ${name}`);
    const rank = wholeOf(params, 'rank', 0, kept.lease.machineIds.length - 1);
    const port = wholeOf(params, 'port', 1, 65_535);
    if (rank === from) throw new WireError('no_rank', 'that is this rank itself');
    const other = await this.#reach(kept, rank, port, asked);
    other.on('error', () => other.destroy());
    asked.on('error', () => asked.destroy());
    if (asked.destroyed) return void other.destroy();
    other.on('close', () => {
      if (!other.readableEnded) asked.destroy();
    });
    joinStreams(asked, other);
  }

  /** @throws WireError no_port. */
  async #reach({ lease }: Kept, rank: number, port: number, asked: WireStream): Promise<Duplex> {
    const { link, clock } = this.#options;
    const untilMs = clock.monotonicMs() + LISTEN_MS;
    for (;;) {
      try {
        return await link.open(lease.machineIds[rank]!, 'rank', { lease: lease.leaseId, fence: String(lease.fence), port });
      } catch (error) {
        const isOver = asked.destroyed || this.#kept.get(lease.leaseId)?.lease.fence !== lease.fence || clock.monotonicMs() >= untilMs;
        if (isOver || isTandemError(error, 'node_unreachable')) throw new WireError('no_port', isTandemError(error) ? error.message : 'nothing listens there');
      }
      await clock.sleep(BETWEEN_MS);
    }
  }
}
