import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type RunCommand } from '../../machine/command.ts';
import { writeWhole } from '../../state/home.ts';
import type { Message } from '../../wire/index.ts';
import type { LeasePaths } from '../record.ts';
import type { Ranks } from './addresses.ts';
import { attachDirect, detachDirect } from './direct-network.ts';
import { readDirectPlan, type DirectPlan } from './direct-plan.ts';
import { attachRanks, detachRanks } from './rank-network.ts';

export interface RankWayOptions {
  readonly paths: LeasePaths;
  readonly ranks: Ranks | null;
  /** Of a process in the lease's network. */
  readonly pid: number;
  /** Names the lease's rules on this machine. */
  readonly rules: string;
  readonly run?: RunCommand;
}

/** By which way programs of a lease reach the other machines, as its keeper has it. It begins with the one through the server. */
export class RankWay {
  readonly #options: RankWayOptions;
  readonly #run: RunCommand;
  #turn: Promise<unknown> = Promise.resolve();
  /** The plan that stands, as text; null: the way through the server. Undefined: it is not known what stands. */
  #stands: string | null | undefined = null;

  constructor(options: RankWayOptions) {
    this.#options = options;
    this.#run = options.run ?? runCommand;
    // What another keeper was told went with its sandbox.
    forgetPlan(options.paths);
  }

  /** Has the way be what the plan beside it says, or the one through the server where there is none. Asked twice it is done once. @returns why it is not so, or nothing. */
  turn(): Promise<Message> {
    const done = this.#turn.then(() => this.#change()).then(() => ({}), (error: Error) => ({ refused: error.message }));
    this.#turn = done;
    return done;
  }

  /** Which ranks do not answer here, whatever listens there. @returns them, or why that is not known. */
  async probe(): Promise<Message> {
    const { ranks, pid } = this.#options;
    if (ranks === null || typeof this.#stands !== 'string') return { refused: 'the direct way does not stand here' };
    const { code, out } = await this.#run('nsenter', ['--target', String(pid), '--net', '--', process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../main.ts'), 'probe', '--rank', String(ranks.rank), '--size', String(ranks.size)]);
    try {
      if (code === 0) return { unreached: JSON.parse(out) as number[] };
    } catch {
      // It printed something else.
    }
    return { refused: 'the other machines could not be tried' };
  }

  async #change(): Promise<void> {
    const { paths, ranks, pid, rules } = this.#options;
    if (ranks === null) throw new Error('the lease has one machine');
    const plan = readPlan(paths, ranks);
    const wanted = plan === null ? null : JSON.stringify(plan);
    if (wanted === this.#stands) return;
    this.#stands = undefined;
    // Both, since what stands may be half of one.
    await detachDirect(this.#run, pid, rules);
    await detachRanks(this.#run, pid);
    if (plan === null) await attachRanks(this.#run, pid, ranks);
    else await attachDirect(this.#run, pid, rules, plan, ranks);
    this.#stands = wanted;
  }
}

/** What the agent was told last, which stands from when its keeper has said so. */
export function writePlan(paths: LeasePaths, plan: DirectPlan): void {
  writeWhole(planOf(paths), `${JSON.stringify(plan)}\n`);
}

export function forgetPlan(paths: LeasePaths): void {
  rmSync(planOf(paths), { force: true });
}

export function hasPlan(paths: LeasePaths): boolean {
  return existsSync(planOf(paths));
}

function readPlan(paths: LeasePaths, ranks: Ranks): DirectPlan | null {
  return hasPlan(paths) ? readDirectPlan(JSON.parse(readFileSync(planOf(paths), 'utf8')), ranks) : null;
}

function planOf({ folder }: LeasePaths): string {
  return join(folder, 'direct.json');
}
