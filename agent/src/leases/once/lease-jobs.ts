import type { Home } from '../../state/home.ts';
import { WireError, wholeOf, type Message } from '../../wire/index.ts';
import { readAnswer, sayToKeeper } from '../keeper-line.ts';
import type { KeeperWord } from '../keeper.ts';
import { fenceOf, leaseOf, pathsOf, type LeasePaths, type LeaseRecord } from '../record.ts';
import { hasPlan } from '../ranks/rank-way.ts';
import { readLog } from './job-log.ts';
import { logOf, prepareOnce, readOnceState } from './once-files.ts';

/** In one answer; as base64 it is a third more. */
const MOST_BYTES = 192 * 1024;
const MOST_GRACE_MS = 10 * 60_000;

/** What leases on this machine run once, as the server asks for it. What is known of a job stays until its lease is wiped. */
export class LeaseJobs {
  readonly #home: Home;
  readonly #running: (lease: string) => Promise<LeaseRecord>;

  /** @param running a lease that runs. @throws WireError not_running. */
  constructor(home: Home, running: (lease: string) => Promise<LeaseRecord>) {
    this.#home = home;
    this.#running = running;
  }

  /** Begins a lease's job, or finds it begun, and says how it is doing. @throws WireError bad_job, job_runs, way_lost, fenced, not_running. */
  async begin(params: Message): Promise<Message> {
    const record = await this.#running(leaseOf(params));
    if (record.fence !== fenceOf(params)) throw new WireError('fenced', 'the lease was granted anew meanwhile');
    const paths = pathsOf(this.#home, record.lease);
    // Where its sandbox was started anew meanwhile, the others would wait for it in vain.
    if (params['way'] === 'direct' && readOnceState(paths) === undefined && !hasPlan(paths)) throw new WireError('way_lost', 'its sandbox was started anew, and has no direct way to the other machines');
    prepareOnce(params, paths);
    return this.#ask(paths);
  }

  /** How a lease's job is doing, also after the lease; `none` where nothing has begun. @throws WireError not_running while its keeper does not answer. */
  async look(params: Message): Promise<Message> {
    const lease = leaseOf(params);
    const paths = pathsOf(this.#home, lease);
    const known = readOnceState(paths);
    if (known?.state !== 'running') return { ...(known ?? { state: 'none', exitCode: null, ranMs: null }) };
    if (await this.#runs(lease)) return this.#ask(paths);
    // Its keeper writes how it ended before it goes: one that was killed could not, nor could one of another boot.
    const last = readOnceState(paths)!;
    return { ...last, ...(last.state === 'running' && { state: 'lost' }) };
  }

  /** Has a lease's job end: told at first, by force after the grace. One that has not begun never does. @throws WireError fenced, not_running. */
  async stop(params: Message): Promise<Message> {
    const record = await this.#running(leaseOf(params));
    if (record.fence !== fenceOf(params)) throw new WireError('fenced', 'the lease was granted anew meanwhile');
    return this.#ask(pathsOf(this.#home, record.lease), { do: 'stop-once', graceMs: wholeOf(params, 'graceMs', 0, MOST_GRACE_MS) });
  }

  /** What it has printed from a place on, also after the lease; without `from` the end of it. */
  async read(params: Message): Promise<Message> {
    const from = params['from'] === undefined ? null : wholeOf(params, 'from');
    const { bytes, ...rest } = readLog(logOf(pathsOf(this.#home, leaseOf(params))), from, wholeOf(params, 'most', 1, MOST_BYTES));
    return { ...rest, bytes: bytes.toString('base64') };
  }

  async #runs(lease: string): Promise<boolean> {
    try {
      await this.#running(lease);
      return true;
    } catch (error) {
      if (error instanceof WireError && error.code === 'not_running') return false;
      throw error;
    }
  }

  async #ask(paths: LeasePaths, word: KeeperWord = { do: 'once' }): Promise<Message> {
    const socket = await sayToKeeper(paths.socket, word);
    const answer = socket === undefined ? undefined : await readAnswer(socket);
    if (answer === undefined) throw new WireError('not_running', 'the keeper of the lease does not answer');
    return answer;
  }
}
