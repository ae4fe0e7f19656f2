import { realWait } from '../outside.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { cardFacts } from '../leases/gpus/card-facts.ts';
import { nodesOf, type Device } from '../leases/gpus/devices.ts';
import { groupFolders, makeGroup, treesHere, type Trees } from '../leases/limits/control-groups.ts';
import { removeGroups } from '../leases/limits/take-away.ts';
import { machineResolvers } from '../leases/network/resolvers.ts';
import { linkAt, rulesFor } from '../leases/network/rules.ts';
import { inputFirewall, lackForDirect } from '../leases/ranks/direct-network.ts';
import { lackForRanks } from '../leases/ranks/rank-network.ts';
import { underlayIn } from '../leases/ranks/underlay.ts';
import { LIBRARIES } from '../leases/wipe/card-program.ts';
import type { RunCommand } from '../machine/command.ts';
import type { Check } from './doctor.ts';

/** Of nobody: it is made and taken away to see whether it can be. */
const TRIAL = `tandem-doctor-${process.pid}`;
/** Loads the first that is there. */
const LOAD_ANY = `import ctypes, glob, sys
for name in [found for word in sys.argv[1:] for found in (sorted(glob.glob(word), reverse=True) if '*' in word else [word])]:
    try:
        ctypes.CDLL(name)
        sys.exit(0)
    except OSError:
        pass
sys.exit(1)`;
const NAMES = { nvidia: 'NVIDIA\'s', amd: 'AMD\'s' };
const TRIAL_LIMITS = { cpuMillis: 1_000, memoryBytes: 2 ** 28, processes: 64, diskBytes: null };

/** What this machine can keep a lease from: each thing is tried, since programs that are there do not say that the kernel lets them. */
export async function examineBounds(run: RunCommand, trees: Trees | undefined = treesHere(), env: NodeJS.ProcessEnv = process.env, shared?: string): Promise<Check[]> {
  return [await groups(trees), await disks(run), await network(run, env), await ranks(run), await direct(run, shared)];
}

/** Whether every card that the machine speaks of can be shown to a lease. */
export async function examineNodes({ gpus }: Inventory, run: RunCommand): Promise<Check[]> {
  const devices = gpus.flatMap(({ vendor, uuid, index, migDevices }): Device[] => (migDevices.length === 0 ? [{ unit: `GPU ${index}`, vendor, uuid, mig: null }] : migDevices.map((slice) => ({ unit: `GPU ${index}, ${slice.profile}`, vendor, uuid, mig: slice.uuid }))));
  if (devices.length === 0) return [];
  try {
    const nodes = nodesOf(devices, await cardFacts(devices, run));
    return [check('gpu-nodes', 'pass', `leases are shown ${devices.length} cards and slices by ${nodes.length} device nodes`), ...(await memory(devices, run))];
  } catch (error) {
    return [check('gpu-nodes', 'warn', (error as Error).message, 'Look whether the driver is loaded, and nvidia-smi -q -x or /sys/class/drm knows the card.')];
  }
}

/** Whether a wipe can look at the memory of cards. The driver is not started for it. */
async function memory(devices: readonly Device[], run: RunCommand): Promise<Check[]> {
  const vendors = (['nvidia', 'amd'] as const).filter((vendor) => devices.some((device) => device.vendor === vendor));
  const missing: string[] = [];
  for (const vendor of vendors) {
    const { code } = await run('python3', ['-I', '-c', LOAD_ANY, ...LIBRARIES[vendor]]);
    if (code !== 0) missing.push(code === null ? 'python3' : LIBRARIES[vendor][0]!);
  }
  if (missing.length === 0) return [check('gpu-memory', 'pass', `the memory of ${vendors.map((vendor) => NAMES[vendor]).join(' and ')} cards is looked at after each lease`)];
  return [check('gpu-memory', 'warn', `the memory of cards is not looked at after leases: ${[...new Set(missing)].join(' and ')} is not there`, 'Install python3, and the part of NVIDIA\'s driver that has libcuda.so.1, or AMD\'s HIP runtime with libamdhip64.so.')];
}

async function groups(trees: Trees | undefined): Promise<Check> {
  const { unbound } = makeGroup(trees, TRIAL, TRIAL_LIMITS);
  await removeGroups(groupFolders(trees, TRIAL), realWait);
  if (unbound.length > 0) return check('limits', 'warn', unbound.map(({ what, why }) => `leases are not bounded in ${WORDS[what]}: ${why}`).join('; '), 'Give the agent its control groups: under systemd paste a new line of tandem node add, which brings the unit tandem-leases; in a container its own group to write.');
  return check('limits', 'pass', `memory, processors and processes are bounded by control groups (version ${trees!.version})`);
}

async function disks(run: RunCommand): Promise<Check> {
  const [mkfs, loop, mount, unshare] = await Promise.all([run('mkfs.ext4', ['-V']), run('losetup', ['-f']), run('mount', ['-V']), run('unshare', ['-V'])]);
  const missing = [...(mkfs.code === null ? ['mkfs.ext4 is not there'] : []), ...(mount.code === null || unshare.code === null ? ['util-linux is not there'] : []), ...(loop.code === 0 ? [] : ['no file can be mounted as a disk'])];
  return missing.length === 0 ? check('disk-limit', 'pass', 'each lease has a disk of its own size')
    : check('disk-limit', 'warn', `leases share the machine's disk: ${missing.join('; ')}`, 'Install e2fsprogs and util-linux, and load the kernel\'s loop module (modprobe loop).');
}

async function network(run: RunCommand, env: NodeJS.ProcessEnv): Promise<Check> {
  if (env['TANDEM_AGENT_NETWORK'] === 'none') return check('network', 'warn', 'leases reach themselves alone: TANDEM_AGENT_NETWORK=none', 'Take the variable away where leases should reach the internet.');
  const rules = rulesFor(linkAt(0, 'tnd0', TRIAL.replaceAll('-', '_'), true), { allow: [], controlPlane: [], resolvers: [] });
  const [ip, nft, chains] = [await run('ip', ['-V']), await run('nft', ['-c', '-f', '-'], rules), await run('nft', ['list', 'chains'])];
  const why = ip.code === null ? 'iproute2 is not there' : nft.code === null ? 'nftables is not there' : nft.code === 0 ? null : `the kernel takes no rules: ${nft.err.trim().split('\n')[0]!.slice(0, 200)}`;
  const kernel = ip.code !== null && nft.code !== null;
  if (why !== null) return check('network', 'warn', `leases reach themselves alone: ${why}`, kernel ? 'Load the kernel\'s nf_tables with its family inet (modprobe nf_tables nft_reject_inet), or start a kernel that has them.' : 'Install them (Debian: apt-get install iproute2 nftables).');
  if (/hook forward [^;]*; policy drop/.test(chains.out)) return check('network', 'warn', 'another firewall of this machine drops what is forwarded, so leases may not reach the internet', 'Let it forward what comes from and goes to interfaces named tnd*.');
  if (machineResolvers().length === 0) return check('network', 'warn', 'leases reach the internet by addresses alone: the machine asks for names on its own loopback', 'Name resolvers for the pool: tandem pools set POOL --resolvers ADDRESS.');
  return check('network', 'pass', 'leases reach the internet, behind rules of their own');
}

/** Whether programs of a job over several machines, of which this is one, would reach each other. */
async function ranks(run: RunCommand): Promise<Check> {
  const lack = await lackForRanks(run);
  return lack === undefined ? check('ranks', 'pass', 'a job may have this machine and others')
    : check('ranks', 'warn', `a job over several machines can have this one only where they talk directly: ${lack}`, 'Install nftables and perl (Debian: apt-get install nftables perl), and load the kernel\'s nft_tproxy (modprobe nft_tproxy).');
}

/** Whether it could do so without the server between them. @param shared the network that its pool's machines share, where the server says so. */
async function direct(run: RunCommand, shared: string | undefined): Promise<Check> {
  const [lack, firewall] = [await lackForDirect(run), await inputFirewall(run)];
  const none = 'jobs over several machines talk through the server';
  if (lack !== undefined) return check('ranks-direct', 'warn', `${none}: ${lack}`, 'Install iproute2 and nftables (Debian: apt-get install iproute2 nftables), and load the kernel\'s vxlan (modprobe vxlan).');
  if (shared !== undefined) {
    try {
      await underlayIn(run, shared);
    } catch (error) {
      return check('ranks-direct', 'warn', `${none}: ${(error as Error).message} (${shared})`, 'Give it an address there, or say another network for its pool: tandem pools set POOL --ranks-network CIDR.');
    }
  }
  if (firewall !== undefined) return check('ranks-direct', 'warn', `jobs over several machines may have to talk through the server: ${firewall}`, 'Let it in, such as nft add rule inet filter input udp dport 4609 accept (where its table and chain are named so).');
  return check('ranks-direct', 'pass', shared === undefined ? 'it could talk to other machines of a job directly, where its pool says over which network' : `machines of a job talk directly over ${shared}, which nobody encrypts`);
}

const WORDS: Readonly<Record<string, string>> = { cpu: 'processors', memory: 'memory', processes: 'processes' };

function check(id: string, state: Check['state'], detail: string, next: string | null = null): Check {
  return { id, state, detail, next: state === 'pass' ? null : next };
}
