import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changePassword } from './closing/change-password.ts';
import { closeAgain, closePorts } from './closing/close-ports.ts';
import { keepConnected, type Duties } from './connection/keep.ts';
import { examine, lookAt } from './doctor/doctor.ts';
import { takeInventory } from './inventory/inventory.ts';
import { FileCache } from './leases/file-cache.ts';
import { Leases } from './leases/leases.ts';
import { WaitingRecordings } from './leases/recordings/waiting.ts';
import { anyRecord, leaseOf } from './leases/record.ts';
import { runCommand } from './machine/command.ts';
import { bootId } from './machine/facts.ts';
import type { Outside } from './outside.ts';
import { Carriers } from './sessions/carriers.ts';
import { homeAt, readIdentity } from './state/home.ts';
import { Versions, decideUpdate, fetchRelease, type OfferedRelease } from './update/update.ts';
import { WireError, textOf, type Message } from './wire/index.ts';

const INVENTORY_EVERY_MS = 60_000;
/** A wipe may look over all file systems for so long, twice; the server asks again meanwhile. What is not looked over by then is not clean. */
const WALK_MS = 15 * 60_000;
/** What stands for the machine's disk, where the agent has a part of a machine, as on a stand-in host. Certificates name it. */
const DISK_VARIABLE = 'TANDEM_AGENT_DISK';

/** How the agent's work ended. `updated`: the launcher is to start what is installed now. */
export type RunEnd = 'stopped' | 'updated';

/** The agent's work, until the signal aborts or another release takes over. */
export async function runAgent(root: string, outside: Outside, stopped: AbortSignal): Promise<RunEnd> {
  const updating = new AbortController();
  const signal = AbortSignal.any([stopped, updating.signal]);
  const versions = new Versions(root);
  const update = async (offer: OfferedRelease): Promise<void> => {
    versions.confirm();
    const own = versions.current();
    const decision = decideUpdate(own, offer, own === undefined ? [] : versions.keys(), versions.refused());
    if (!decision.take) {
      if (own !== undefined && own !== offer.hash) outside.log(`the server has another release of the agent, which is not installed: ${decision.why}`);
      return;
    }
    try {
      versions.install(offer.hash, await fetchRelease(offer.hash, readIdentity(home)));
    } catch (error) {
      outside.log(`the release ${offer.hash} could not be installed: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    outside.log(`the release ${offer.hash} is installed and takes over`);
    updating.abort(new Error('updated'));
  };
  const home = homeAt(root);
  const { standIn } = readIdentity(home);
  const disk = process.env[DISK_VARIABLE];
  const boot = bootId();
  const program = join(import.meta.dirname, 'main.ts');
  const cache = new FileCache(home, () => outside.nowMs());
  const leases = new Leases({ home, boot, outside, program, cache, agentVersion: versionOf(), wipes: { walkMs: WALK_MS, ...(disk !== undefined && { roots: [disk] }) } });
  const carriers = new Carriers({ home, outside, program });
  /** Whoever is prepared for comes soon: the process that is to carry them starts meanwhile. */
  const before = <T>(params: Message, prepared: Promise<T>): Promise<T> => prepared.then((answer) => {
    void carriers.prepare(leaseOf(params));
    return answer;
  });
  const recordings = new WaitingRecordings(home);
  const duties: Duties = {
    urgent: () => anyRecord(home),
    async answer(name, params) {
      switch (name) {
        case 'inventory': return { ...(await takeInventory(root, standIn)).inventory };
        case 'doctor': return { checks: await examine(root, standIn, runCommand, params['ranksNetwork'] === undefined ? undefined : textOf(params, 'ranksNetwork', 20)) };
        case 'lease.list': return leases.list();
        case 'lease.grant': return leases.grant(params);
        case 'lease.end': return leases.end(params);
        case 'lease.wipe': return leases.wipe(params);
        case 'lease.look': return leases.look(params);
        case 'volume.remove': return leases.dropVolume(params);
        case 'lease.ssh': return before(params, leases.ssh(params));
        case 'lease.screen': return before(params, leases.screen(params));
        case 'lease.serve': return leases.serve(params);
        case 'lease.job': return leases.job(params);
        case 'job.begin': return leases.jobs.begin(params);
        case 'job.look': return leases.jobs.look(params);
        case 'job.stop': return leases.jobs.stop(params);
        case 'job.read': return leases.jobs.read(params);
        case 'ranks.offer': return leases.ways.offer(params);
        case 'ranks.join': return leases.ways.join(params);
        case 'ranks.leave': return leases.ways.leave(params);
        case 'ranks.probe': return leases.ways.probe(params);
        case 'cache.has': return cache.has(params);
        case 'recordings.list': return recordings.list((lease) => leases.runs(lease));
        case 'recordings.read': return recordings.read(params);
        case 'recordings.remove': return recordings.remove(params);
        case 'session.carry': return carriers.carry(params);
        case 'machine.password': return changePassword(root, params);
        case 'machine.close': return closePorts(root, params, runCommand);
        default: throw new WireError('unknown_command', `this agent does not know ${name}`);
      }
    },
    async accept(name, params, stream) {
      if (name === 'cache') return cache.receive(params, stream);
      if (name === 'ssh' || name === 'screen' || name === 'port' || name === 'terminal' || name === 'ranks' || name === 'rank') return leases.open({ ...params, kind: name }, stream);
      throw new WireError('unknown_stream', `this agent has no ${name}`);
    },
    begun(session, { heartbeatMs, release }) {
      void update(release);
      const over = new AbortController();
      // A sick card is found with the inventory, and told with every heartbeat until the next one.
      let problems: readonly string[] = [];
      const tellHealth = (): void => {
        const bad = lookAt(root).filter(({ state }) => state !== 'pass');
        const sick = problems.length > 0 || bad.some(({ state }) => state === 'fail');
        session.tell('health', { state: sick ? 'sick' : bad.length > 0 ? 'degraded' : 'ok', reasons: [...bad.map(({ detail }) => detail), ...problems] });
      };
      const beat = async (): Promise<void> => {
        let toldMs = Number.NEGATIVE_INFINITY;
        while (!over.signal.aborted) {
          if (outside.bootMs() - toldMs >= INVENTORY_EVERY_MS) {
            toldMs = outside.bootMs();
            const taken = await takeInventory(root, standIn);
            problems = taken.problems;
            session.tell('inventory', { ...taken.inventory });
            const { gpus } = taken.inventory;
            const without = await leases.withoutCard(gpus.map(({ uuid }) => uuid).filter((uuid) => !taken.broken.includes(uuid)));
            // Also that there is none any more: it may have been told before a restart that there was.
            if ((gpus.length > 0 || without.length > 0) && !over.signal.aborted) session.tell('cards', { without });
          }
          tellHealth();
          if (recordings.any) session.tell('recordings', {});
          const stopped = await leases.stopped();
          if (stopped.length > 0 && !over.signal.aborted) session.tell('leases', { stopped });
          await outside.wait(heartbeatMs, over.signal);
        }
      };
      void beat();
      return () => over.abort(new Error('the session is over'));
    },
  };
  await closeAgain(root, runCommand).catch((error: unknown) => outside.log(`ports that are to be closed are not: ${error instanceof Error ? error.message : String(error)}`));
  await keepConnected({ home, agentVersion: versionOf(), boot, outside, duties, signal });
  return updating.signal.aborted && !stopped.aborted ? 'updated' : 'stopped';
}

function versionOf(): string {
  return (JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }).version;
}
