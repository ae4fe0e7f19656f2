import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Outside } from '../outside.ts';
import { runCommand, type RunCommand } from '../machine/command.ts';
import { writeWhole, type Home, type Identity } from '../state/home.ts';
import type { Bounds } from './bounds.ts';
import { groupFolders, makeGroup, treesHere, type Group } from './limits/control-groups.ts';
import { openDisk } from './limits/disk.ts';
import type { Unbound } from './limits/limits.ts';
import { removeGroups } from './limits/take-away.ts';
import { attachNetwork, confirmAtOnce, leasesWithRules, removeNetwork } from './network/network.ts';
import { machineResolvers } from './network/resolvers.ts';
import { leasesWithDirect, removeDirect } from './ranks/direct-network.ts';
import { attachRanks } from './ranks/rank-network.ts';
import type { LeasePaths, LeaseRecord } from './record.ts';

/** Who runs the machine may refuse any network to all its leases: `none` in this variable of the agent. */
const NETWORK_VARIABLE = 'TANDEM_AGENT_NETWORK';

/** What stands around a lease's sandbox on the machine: its control groups, its disk, its way out. */
export class Surroundings {
  readonly #home: Home;
  readonly #record: LeaseRecord;
  readonly #paths: LeasePaths;
  readonly #run: RunCommand;
  readonly #unbound: Unbound[] = [];
  #group: Group = { folders: [], unbound: [] };
  #diskBytes: number | null = null;
  #resolvers: readonly string[] = [];
  #network: Bounds['network'] = 'loopback';

  constructor(home: Home, record: LeaseRecord, paths: LeasePaths, run: RunCommand = runCommand) {
    this.#home = home;
    this.#record = record;
    this.#paths = paths;
    this.#run = run;
  }

  get groups(): readonly string[] {
    return this.#group.folders;
  }

  /** Before the sandbox starts. @throws Error when what the lease had before cannot be shown again. */
  async prepare(outside: Pick<Outside, 'wait'>): Promise<void> {
    const { limits, network, uid, lease } = this.#record;
    this.#group = makeGroup(treesHere(), groupName(this.#home, lease), limits);
    this.#unbound.push(...this.#group.unbound);
    const disk = await openDisk(this.#paths, uid, limits.diskBytes, this.#run, (ms) => outside.wait(ms));
    this.#diskBytes = disk.diskBytes;
    if (disk.why !== null) this.#unbound.push({ what: 'disk', why: disk.why });
    this.#resolvers = network.out ? (network.resolvers.length > 0 ? network.resolvers : machineResolvers()) : [];
    writeWhole(join(this.#paths.folder, 'resolv.conf'), this.#resolvers.map((address) => `nameserver ${address}\n`).join(''), 0o644);
  }

  /** Once the sandbox stands and before anybody is let in. */
  async attach(pid: number): Promise<Bounds> {
    const { limits, network, lease, ranks } = this.#record;
    await confirmAtOnce(this.#run, pid);
    if (ranks !== null) await attachRanks(this.#run, pid, ranks).catch((error: Error) => this.#unbound.push({ what: 'ranks', why: error.message }));
    if (network.out && process.env[NETWORK_VARIABLE] === 'none') this.#unbound.push({ what: 'network', why: 'whoever runs the machine gives its leases no network' });
    else if (network.out) {
      try {
        await attachNetwork(this.#run, pid, ruleId(this.#home, lease), network, this.#resolvers, [...controlHost(this.#home), ...network.deny]);
        this.#network = 'internet';
        if (this.#resolvers.length === 0) this.#unbound.push({ what: 'resolver', why: 'the machine asks nobody for names whom its leases could reach' });
      } catch (error) {
        await removeNetwork(this.#run, ruleId(this.#home, lease));
        this.#unbound.push({ what: 'network', why: (error as Error).message });
      }
    }
    const binds = <T>(what: Unbound['what'], value: T): T | null => (this.#group.unbound.some((one) => one.what === what) ? null : value);
    return {
      limits: { cpuMillis: binds('cpu', limits.cpuMillis), memoryBytes: binds('memory', limits.memoryBytes), processes: binds('processes', limits.processes), diskBytes: this.#diskBytes },
      network: this.#network, resolvers: this.#network === 'internet' ? this.#resolvers : [], unbound: this.#unbound, direct: true,
    };
  }
}

/** Takes away what stands on the machine for leases that do not run: of one that has ended, and of all whose keeper was killed. */
export async function takeAway(home: Home, lives: (lease: string) => boolean, outside: Pick<Outside, 'wait'>, run: RunCommand = runCommand): Promise<void> {
  const trees = treesHere();
  const groups = groupFolders(trees, '').flatMap((folder) => namesIn(folder).filter((name) => name.startsWith(groupName(home, ''))).map((name) => ({ lease: name.slice(groupName(home, '').length), folder: join(folder, name) })));
  await removeGroups(groups.filter(({ lease }) => !lives(lease)).map(({ folder }) => folder), (ms) => outside.wait(ms));
  for (const id of await leasesWithRules(run, markOf(home))) if (!lives(leaseOfRuleId(id))) await removeNetwork(run, id);
  for (const id of await leasesWithDirect(run, markOf(home))) if (!lives(leaseOfRuleId(id))) await removeDirect(run, id);
}

/** The machine may have another agent, in a test: each takes away its own alone. */
function markOf({ root }: Home): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 8);
}

function groupName(home: Home, lease: string): string {
  return `tandem-${markOf(home)}-${lease}`;
}

/** Names what stands on the machine for a lease beside its control groups. */
export function ruleId(home: Home, lease: string): string {
  return `${markOf(home)}_${lease.replaceAll('-', '')}`;
}

function leaseOfRuleId(id: string): string {
  return id.slice(9).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The server's host, as enrolment left it. None in a test of leases alone. */
function controlHost(home: Home): string[] {
  try {
    return [(JSON.parse(readFileSync(home.identity, 'utf8')) as Identity).server.host];
  } catch {
    return [];
  }
}
