import type { RunCommand } from '../../machine/command.ts';
import type { Ranks } from './addresses.ts';
import { addressBatch, DIRECT_PORT, forwardingBatch, hostRules, insideRules, linkWords, type DirectPlan } from './direct-plan.ts';

/** Of two machines that are nobody's, to try what this kernel and its programs can. */
const TRIAL: DirectPlan = { vni: 1, mtu: 1_450, addresses: ['192.0.2.1', '192.0.2.2'] };
const TRIAL_RANKS: Ranks = { rank: 0, size: 2 };

/** Gives the network of a sandbox an interface on the Ethernet of its lease's machines. The rules stand before it does. @param id of its rules. @throws Error saying what the machine lacks. */
export async function attachDirect(run: RunCommand, pid: number, id: string, plan: DirectPlan, ranks: Ranks): Promise<void> {
  await must(run, 'nft', ['-f', '-'], hostRules(tableName(id), plan, ranks));
  await inside(run, pid, 'nft', ['-f', '-'], insideRules(ranks));
  await must(run, 'ip', linkWords(pid, plan, ranks));
  await inside(run, pid, 'ip', ['-batch', '-'], addressBatch(ranks));
  await inside(run, pid, 'bridge', ['-batch', '-'], forwardingBatch(plan, ranks));
}

/** Takes it away, also what is half there; the rules last. Done twice it does nothing. */
export async function detachDirect(run: RunCommand, pid: number, id: string): Promise<void> {
  const quietly = (program: string, ...args: string[]): Promise<unknown> => run('nsenter', ['--target', String(pid), '--net', '--', program, ...args]);
  await quietly('ip', 'link', 'del', 'ranks0');
  await quietly('ip', 'route', 'del', 'unreachable', '100.126.0.0/16');
  await quietly('nft', 'delete', 'table', 'inet', 'ranks');
  await removeDirect(run, id);
}

/** What stands on the machine of a lease whose sandbox is gone: its interface went with it. Done twice it does nothing. */
export async function removeDirect(run: RunCommand, id: string): Promise<void> {
  await run('nft', ['delete', 'table', 'inet', tableName(id)]);
}

/** Which leases of a home have rules of this kind here. @param home its mark, as ids of leases begin with it. */
export async function leasesWithDirect(run: RunCommand, home: string): Promise<string[]> {
  const { out } = await run('nft', ['list', 'tables', 'inet']);
  return [...out.matchAll(/^table inet tandem_ranks_([0-9a-f]{8}_[0-9a-f]{32})$/gm)].map(([, id]) => id!).filter((id) => id.startsWith(`${home}_`));
}

/** What of it this machine lacks; undefined: nothing. It is tried in a network of its own, of which nothing is left. */
export async function lackForDirect(run: RunCommand): Promise<string | undefined> {
  const rules = await run('nft', ['-c', '-f', '-'], hostRules('tandem_ranks_trial', TRIAL, TRIAL_RANKS));
  if (rules.code === null) return 'nftables is not there';
  if (rules.code !== 0) return `the kernel takes no such rules: ${firstLine(rules.err)}`;
  const bridge = await run('bridge', ['-V']);
  if (bridge.code === null) return 'bridge (iproute2) is not there';
  const made = await run('unshare', ['--net', '--', 'ip', 'link', 'add', 'ranks0', 'type', 'vxlan', 'id', '1', 'dstport', String(DIRECT_PORT), 'nolearning']);
  if (made.code === null) return 'unshare (util-linux) is not there';
  return made.code === 0 ? undefined : `the kernel has no VXLAN: ${firstLine(made.err)}`;
}

/** A firewall of the machine's own that drops what it does not know: undefined where none does. */
export async function inputFirewall(run: RunCommand): Promise<string | undefined> {
  const { out } = await run('nft', ['list', 'chains']);
  return /hook input [^;]*; policy drop/.test(out) ? `a firewall of the machine's own drops what it does not know; it has to let UDP port ${DIRECT_PORT} in from the pool's machines` : undefined;
}

function tableName(id: string): string {
  return `tandem_ranks_${id}`;
}

async function inside(run: RunCommand, pid: number, program: string, args: readonly string[], input: string): Promise<void> {
  await must(run, 'nsenter', ['--target', String(pid), '--net', '--', program, ...args], input, program);
}

async function must(run: RunCommand, program: string, args: readonly string[], input?: string, what = program): Promise<void> {
  const { code, err } = await run(program, args, input);
  if (code !== 0) throw new Error(code === null ? `${what} is not there` : `${what}: ${firstLine(err)}`);
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 200);
}
