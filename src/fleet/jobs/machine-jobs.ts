import { TandemError } from '../../base/index.ts';
import type { NodeLink } from '../ports.ts';
import type { Way } from './direct-way.ts';

/** What a lease runs once: a program with its words, by no shell, and what stands in its environment. */
export interface JobOrder {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where a job runs. */
export interface JobPlace {
  readonly machineId: string;
  readonly leaseId: string;
  readonly fence: bigint;
}

/** What a machine says of a job: a claim. `none`: nothing has begun there. `lost`: what held it is gone. `cut`: its lease ended before it. */
export interface JobReport {
  readonly state: 'none' | 'running' | 'ended' | 'cut' | 'lost';
  readonly exitCode: number | null;
  /** Null: the machine does not know. */
  readonly ranMs: number | null;
}

/** A part of what a job printed; `first` is where what is kept begins, `total` how much it was in all. */
export interface JobOutput {
  readonly from: number;
  readonly first: number;
  readonly total: number;
  readonly bytes: Buffer;
}

/** Jobs on machines, whoever runs them. Everything can be asked twice: a machine begins a lease's job once and never again. */
export interface MachineJobs {
  /** @param way that has to stand there; absent: none has. @throws TandemError node_unreachable; node_refused, with the agent's own code as its detail. */
  begin(place: JobPlace, order: JobOrder, way?: Way): Promise<JobReport>;
  /** Also after the lease, until it is wiped. */
  look(place: JobPlace): Promise<JobReport>;
  /** Told that it is to end, by SIGTERM, and after the grace by force. What has not begun never does. Asked again, the first grace counts. */
  stop(place: JobPlace, graceMs: number): Promise<JobReport>;
  /** @param from null: the end of it. @param most bytes. */
  read(place: JobPlace, from: number | null, most: number): Promise<JobOutput>;
}

/** In one answer. */
export const MOST_READ_BYTES = 192 * 1024;
const STATES = ['none', 'running', 'ended', 'cut', 'lost'] as const;

/** Jobs on machines that run the agent. */
export class AgentJobs implements MachineJobs {
  readonly #link: Pick<NodeLink, 'ask'>;

  constructor(link: Pick<NodeLink, 'ask'>) {
    this.#link = link;
  }

  async begin({ machineId, leaseId, fence }: JobPlace, { command, env }: JobOrder, way?: Way): Promise<JobReport> {
    return readReport(machineId, await this.#link.ask(machineId, 'job.begin', { lease: leaseId, fence: String(fence), command, env, ...(way === 'direct' && { way }) }));
  }

  async look({ machineId, leaseId }: JobPlace): Promise<JobReport> {
    return readReport(machineId, await this.#link.ask(machineId, 'job.look', { lease: leaseId }));
  }

  async stop({ machineId, leaseId, fence }: JobPlace, graceMs: number): Promise<JobReport> {
    return readReport(machineId, await this.#link.ask(machineId, 'job.stop', { lease: leaseId, fence: String(fence), graceMs }));
  }

  async read({ machineId, leaseId }: JobPlace, from: number | null, most: number): Promise<JobOutput> {
    const said = (await this.#link.ask(machineId, 'job.read', { lease: leaseId, ...(from !== null && { from }), most: Math.min(most, MOST_READ_BYTES) })) as Record<string, unknown> | null;
    const { bytes, ...places } = said ?? {};
    const [at, first, total] = [places['from'], places['first'], places['total']];
    if (!isPlace(at) || !isPlace(first) || !isPlace(total) || typeof bytes !== 'string') throw unread(machineId);
    return { from: at, first, total, bytes: Buffer.from(bytes, 'base64').subarray(0, most) };
  }
}

function readReport(machineId: string, said: unknown): JobReport {
  const { state, exitCode, ranMs } = (said ?? {}) as Record<string, unknown>;
  const known = STATES.find((one) => one === state);
  if (known === undefined) throw unread(machineId);
  return { state: known, exitCode: typeof exitCode === 'number' && Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : null, ranMs: isPlace(ranMs) ? ranMs : null };
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function unread(name: string): TandemError {
  return new TandemError('node_refused', { params: { name, reason: 'what it said of the lease\'s job cannot be read' } });
}
