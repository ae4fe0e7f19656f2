import { TandemError, printable, type Clock } from '../../base/index.ts';
import type { Allowance } from '../pools/allowance.ts';
import type { NodeLink } from '../ports.ts';
import type { Driver, HomeLook, LeaseOrder, RunningLease, WipeReport } from './driver.ts';
import { readLeaseBounds, type LeaseBounds } from './lease-bounds.ts';

const METHODS = ['reset', 'repartition', 'overwrite', 'reinstall', 'erase'] as const;
const MOST_LINES = 200;
const MOST_VERSIONS = 10;
/** A century: no machine runs so long, and what is counted from it stays exact. */
const MOST_UPTIME_MS = 100 * 366 * 86_400_000;
const WIPE_MS = 15 * 60_000;
/** Asked again sooner than anything else: a line may have died under the question. */
const STOP_MS = 12_000;

/**
 * Machines that run the agent. A grant names an end on the machine's own clock since its boot, read a moment before: so a grant that arrives
 * late ends no later, a machine's wrong wall clock changes nothing, and one that was restarted meanwhile refuses it.
 */
export class AgentDriver implements Driver {
  readonly #link: NodeLink;
  readonly #clock: Pick<Clock, 'monotonicMs'>;

  constructor(link: NodeLink, clock: Pick<Clock, 'monotonicMs'>) {
    this.#link = link;
    this.#clock = clock;
  }

  reaches(machineId: string): boolean {
    return this.#link.isConnected(machineId);
  }

  async grant(order: LeaseOrder, remainingMs: number, allowance?: Allowance): Promise<LeaseBounds | null> {
    const fromMs = this.#clock.monotonicMs();
    const { boot, uptimeMs } = await this.#state(order.machineId);
    // The reading is older than its answer, so the end lies no later than was asked for.
    const leftMs = remainingMs - (this.#clock.monotonicMs() - fromMs);
    const { from } = order.home;
    const answer = (await this.#link.ask(order.machineId, 'lease.grant', { ...paramsOf(order), ...(from !== null && { volume: from }), units: order.unitIds, access: order.access, ...(order.ranks !== undefined && { ranks: order.ranks }), boot, untilUptimeMs: Math.floor(uptimeMs + leftMs), ...allowance })) as Record<string, unknown> | null;
    // An agent from before volumes begins with an empty home and says nothing of it.
    if (from !== null && answer?.['volume'] !== from) throw refused(order.machineId, 'its agent is too old for volumes');
    return readLeaseBounds(answer?.['bounds']);
  }

  async stop(order: LeaseOrder): Promise<void> {
    await this.#link.ask(order.machineId, 'lease.end', paramsOf(order), STOP_MS);
  }

  async wipe(order: LeaseOrder): Promise<WipeReport> {
    return readReport(await this.#link.ask(order.machineId, 'lease.wipe', { ...paramsOf(order), ...(order.home.keep !== null && { keep: order.home.keep }) }, WIPE_MS));
  }

  async look(machineId: string, leaseId: string): Promise<HomeLook> {
    const { files, bytes, whole, processes } = ((await this.#link.ask(machineId, 'lease.look', { lease: leaseId })) ?? {}) as Record<string, unknown>;
    const named = (Array.isArray(processes) ? processes : []).slice(0, MOST_LINES).flatMap((one: unknown) => {
      const { name, count } = (one ?? {}) as Record<string, unknown>;
      return typeof name === 'string' && isCount(count) ? [{ name: printable(name).slice(0, 60), count }] : [];
    });
    if (!isCount(files) || !isCount(bytes)) throw refused(machineId, 'what it said of the home cannot be read');
    return { files, bytes, whole: whole === true, processes: named };
  }

  async removeVolume(machineId: string, volumeId: string): Promise<void> {
    await this.#link.ask(machineId, 'volume.remove', { volume: volumeId });
  }

  async list(machineId: string): Promise<readonly RunningLease[]> {
    return (await this.#state(machineId)).leases;
  }

  onChange(listener: (machineId: string, reached: boolean) => void): () => void {
    return this.#link.onChange(listener);
  }

  async #state(machineId: string): Promise<{ boot: string; uptimeMs: number; leases: RunningLease[] }> {
    const answer = (await this.#link.ask(machineId, 'lease.list', {})) as Record<string, unknown> | null;
    const { boot, uptimeMs, leases } = answer ?? {};
    if (typeof boot !== 'string' || boot.length > 200 || typeof uptimeMs !== 'number' || !(uptimeMs >= 0 && uptimeMs <= MOST_UPTIME_MS) || !Array.isArray(leases)) throw refused(machineId, 'what it said of its leases cannot be read');
    return { boot, uptimeMs, leases: leases.slice(0, 1_000).flatMap((one) => readLease(one)) };
  }
}

function paramsOf({ leaseId, fence }: LeaseOrder): { readonly lease: string; readonly fence: string } {
  return { lease: leaseId, fence: String(fence) };
}

function readLease(said: unknown): RunningLease[] {
  const { lease, fence, remainingMs } = (said ?? {}) as Record<string, unknown>;
  if (typeof lease !== 'string' || typeof fence !== 'string' || !/^\d{1,18}$/.test(fence) || typeof remainingMs !== 'number') return [];
  return [{ leaseId: lease.slice(0, 100), fence: BigInt(fence), remainingMs }];
}

/** What cannot be read is no proof of a clean machine. */
function readReport(said: unknown): WipeReport {
  const { clean, method, evidence, unchecked, canaries, versions, kept } = (said ?? {}) as Record<string, unknown>;
  const text = (value: unknown) => printable(String(value)).slice(0, 500);
  // What is left out is said: a certificate claims no more than it has.
  const lines = (list: unknown) => (!Array.isArray(list) ? [] : list.length <= MOST_LINES ? list.map(text) : [...list.slice(0, MOST_LINES - 1).map(text), `and ${list.length - MOST_LINES + 1} more`]);
  const known = METHODS.find((one) => one === method);
  const { planted, found } = (canaries ?? {}) as Record<string, unknown>;
  const { files, bytes } = (kept ?? {}) as Record<string, unknown>;
  return {
    clean: clean === true && known !== undefined && lines(found).length === 0, method: known ?? 'reset', evidence: lines(evidence), unchecked: lines(unchecked), canaries: { planted: lines(planted), found: lines(found) },
    versions: Object.fromEntries(Object.entries(typeof versions === 'object' ? (versions ?? {}) : {}).slice(0, MOST_VERSIONS).map(([name, version]) => [text(name).slice(0, 40), text(version).slice(0, 80)])),
    kept: isCount(files) && isCount(bytes) ? { files, bytes } : null,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function refused(name: string, reason: string): TandemError {
  return new TandemError('node_refused', { params: { name, reason } });
}
