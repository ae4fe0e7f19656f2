import { runCommand, type RunCommand } from '../../machine/command.ts';
import type { Home } from '../../state/home.ts';
import { WireError, textOf, type Message } from '../../wire/index.ts';
import { readBounds } from '../bounds.ts';
import { readAnswer, sayToKeeper } from '../keeper-line.ts';
import type { KeeperWord } from '../keeper.ts';
import { fenceOf, leaseOf, pathsOf, type LeaseRecord } from '../record.ts';
import { lackForDirect } from './direct-network.ts';
import { readDirectPlan } from './direct-plan.ts';
import { forgetPlan, writePlan } from './rank-way.ts';
import { underlayIn } from './underlay.ts';

/** Who runs the machine may refuse any network to all its leases. */
const NETWORK_VARIABLE = 'TANDEM_AGENT_NETWORK';

/** By which way the machines of one lease reach each other, as the server asks this one for it. Everything can be asked twice. */
export class LeaseWays {
  readonly #home: Home;
  readonly #running: (lease: string) => Promise<LeaseRecord>;
  readonly #run: RunCommand;
  readonly #env: NodeJS.ProcessEnv;

  /** @param running a lease that runs. @throws WireError not_running. */
  constructor(home: Home, running: (lease: string) => Promise<LeaseRecord>, run: RunCommand = runCommand, env: NodeJS.ProcessEnv = process.env) {
    this.#home = home;
    this.#running = running;
    this.#run = run;
    this.#env = env;
  }

  /** What this machine brings to a direct way over a network, or why it cannot take part. Nothing is changed. */
  async offer(params: Message): Promise<Message> {
    const { lease } = await this.#lease(params);
    if (process.platform !== 'linux') return { why: 'its machine runs no Linux' };
    if (readBounds(pathsOf(this.#home, lease))?.direct !== true) return { why: 'its lease was begun by an agent of a release that has no direct way' };
    if (this.#env[NETWORK_VARIABLE] === 'none') return { why: 'whoever runs the machine gives its leases no network' };
    const lack = await lackForDirect(this.#run);
    if (lack !== undefined) return { why: lack };
    try {
      return { ...(await underlayIn(this.#run, textOf(params, 'network', 20))) };
    } catch (error) {
      return { why: (error as Error).message };
    }
  }

  /** Has the direct way stand here, in the place of the other. @throws WireError bad_plan, no_way. */
  async join(params: Message): Promise<Message> {
    const record = await this.#lease(params);
    const paths = pathsOf(this.#home, record.lease);
    writePlan(paths, readDirectPlan(params['plan'], record.ranks!));
    try {
      return await this.#ask(record, { do: 'way' });
    } catch (error) {
      forgetPlan(paths);
      throw error;
    }
  }

  /** Has the way through the server stand here. @throws WireError no_way. */
  async leave(params: Message): Promise<Message> {
    const record = await this.#lease(params);
    forgetPlan(pathsOf(this.#home, record.lease));
    return this.#ask(record, { do: 'way' });
  }

  /** Which ranks do not answer here by the direct way. @throws WireError no_way. */
  async probe(params: Message): Promise<Message> {
    return this.#ask(await this.#lease(params), { do: 'probe' });
  }

  async #lease(params: Message): Promise<LeaseRecord> {
    const record = await this.#running(leaseOf(params));
    if (record.fence !== fenceOf(params)) throw new WireError('fenced', 'the lease was granted anew meanwhile');
    if (record.ranks === null) throw new WireError('no_ranks', 'the lease has one machine');
    return record;
  }

  async #ask({ lease }: LeaseRecord, word: KeeperWord): Promise<Message> {
    const socket = await sayToKeeper(pathsOf(this.#home, lease).socket, word);
    const answer = socket === undefined ? undefined : await readAnswer(socket);
    if (answer === undefined) throw new WireError('not_running', 'the keeper of the lease does not answer');
    if (typeof answer['refused'] === 'string') throw new WireError('no_way', answer['refused']);
    return answer;
  }
}
