import { expect, test } from 'vitest';
import { TWO_H100_LIST, TWO_H100_QUERY, TWO_H100 } from '../inventory/fixtures/nvidia.ts';
import { readNvidia } from '../inventory/gpus.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { RunCommand, Said } from '../machine/command.ts';
import { examineBounds, examineNodes } from './bounds.ts';

/** A machine in which all programs do what they are asked, but for those that are named. */
const machine = (but: Readonly<Record<string, Partial<Said>>> = {}): RunCommand => async (program, args) => {
  const key = Object.keys(but).find((one) => `${program} ${args.join(' ')}`.startsWith(one));
  return { code: 0, out: '', err: '', ...(key === undefined ? {} : but[key]) };
};
const absent = { code: null };
const adviceOn = async (id: string, run: RunCommand): Promise<string | null | undefined> => (await examineBounds(run, { version: 1, folders: {} }, {})).find((one) => one.id === id)?.next;
const said = async (run: RunCommand, env: NodeJS.ProcessEnv = {}): Promise<Record<string, string>> => Object.fromEntries((await examineBounds(run, { version: 1, folders: {} }, env)).map(({ id, state, detail }) => [id, `${state}: ${detail}`]));

test('what a machine cannot keep a lease from is named, each with what it lacks', async () => {
  expect(await said(machine())).toMatchObject({ limits: expect.stringMatching(/^warn: leases are not bounded in processors: .*; leases are not bounded in memory/) as unknown, 'disk-limit': 'pass: each lease has a disk of its own size' });
  expect((await said(machine({ 'mkfs.ext4': absent, losetup: { code: 1 } })))['disk-limit']).toBe('warn: leases share the machine\'s disk: mkfs.ext4 is not there; no file can be mounted as a disk');
  expect((await said(machine({ 'ip -V': absent })))['network']).toBe('warn: leases reach themselves alone: iproute2 is not there');
  expect((await said(machine({ 'nft -c': { code: 1, err: 'Error: Could not process rule: Operation not permitted\nmore' } })))['network']).toBe('warn: leases reach themselves alone: the kernel takes no rules: Error: Could not process rule: Operation not permitted');
  expect(await adviceOn('network', machine({ 'nft -c': { code: 1 } }))).toContain('modprobe nf_tables');
  expect(await adviceOn('network', machine({ 'nft -c': absent }))).toContain('apt-get install');
  expect((await said(machine({ 'nft list chains': { out: 'table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}' } })))['network']).toContain('another firewall');
  expect((await said(machine(), { TANDEM_AGENT_NETWORK: 'none' }))['network']).toContain('TANDEM_AGENT_NETWORK=none');
  expect((await said(machine()))['ranks']).toBe('pass: a job may have this machine and others');
  expect((await said(machine({ perl: absent })))['ranks']).toMatch(/^pass/);
  expect((await said(machine({ perl: { code: 2 }, python3: absent })))['ranks']).toBe('warn: a job over several machines can have this one only where they talk directly: neither perl nor python3 is there, one of which opens a socket');
  expect((await said(machine({ 'nft -c': { code: 1, err: 'Error: no tproxy' } })))['ranks']).toContain('the kernel takes no such rules: Error: no tproxy');
  const direct = async (but: Parameters<typeof machine>[0], shared?: string): Promise<string> => (await examineBounds(machine(but), { version: 1, folders: {} }, {}, shared)).filter(({ id }) => id === 'ranks-direct').map(({ state, detail, next }) => `${state}: ${detail} ${next ?? ''}`)[0]!;
  const here = { 'ip -4': { out: '2: eth0    inet 10.4.0.3/16 brd 10.4.255.255 scope global eth0\\       valid_lft forever' } };
  expect([await direct({}), await direct(here, '10.4.0.0/16')]).toEqual([expect.stringContaining('pass: it could talk'), expect.stringContaining('pass: machines of a job talk directly over 10.4.0.0/16')]);
  for (const [but, what] of [[{ 'unshare --net': { code: 2, err: 'RTNETLINK answers: Operation not supported' } }, 'the kernel has no VXLAN: RTNETLINK answers: Operation not supported'], [{ bridge: absent }, 'bridge (iproute2) is not there'], [{ 'nft -c': absent }, 'nftables is not there'], [here, 'it has no address in its pool\'s network (10.5.0.0/16)'],
    [{ 'ip -4': { out: here['ip -4'].out.replace('10.4', '10.5') }, 'nft list chains': { out: 'type filter hook input priority filter; policy drop;' } }, 'it has to let UDP port 4609 in']] as const) expect(await direct(but, '10.5.0.0/16'), what).toMatch(new RegExp(`^warn: .*${what.replaceAll(/[().]/g, '\\$&')}`));
});

test('a card that cannot be shown to a lease is named (nvidia-smi from its documentation)', async () => {
  const inventory = { gpus: readNvidia(TWO_H100, TWO_H100_LIST).gpus } as unknown as Inventory;
  const cards = { 'nvidia-smi -q': { out: TWO_H100_QUERY }, 'nvidia-smi -L': { out: TWO_H100_LIST } };
  expect(await examineNodes(inventory, machine(cards))).toMatchObject([{ state: 'pass', detail: 'leases are shown 2 cards and slices by 5 device nodes' }, { id: 'gpu-memory', state: 'pass', detail: 'the memory of NVIDIA\'s cards is looked at after each lease' }]);
  for (const [code, what] of [[null, 'python3'], [1, 'libcuda.so.1']] as const) expect((await examineNodes(inventory, machine({ ...cards, python3: { code } })))[1]).toMatchObject({ state: 'warn', detail: `the memory of cards is not looked at after leases: ${what} is not there` });
  expect(await examineNodes(inventory, machine())).toMatchObject([{ id: 'gpu-nodes', state: 'warn', detail: expect.stringContaining('GPU 0') as unknown }]);
  expect(await examineNodes({ ...inventory, gpus: [] }, machine())).toEqual([]);
});
