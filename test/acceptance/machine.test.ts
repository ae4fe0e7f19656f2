import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { AGENT_HOME, StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { noBrowser } from '../../console/test/browser.ts';
import { lookAtScreen, type Looking } from './support/look-at-screen.ts';
import { until } from './support/until.ts';
import { freePort, startProgram, stopEverything, type Program } from './support/program.ts';

// How long each step took is printed beside what it may take: a busy machine says nothing about the product.
let net: StandInNet | undefined;
let looking: Looking | undefined;
afterAll(async () => {
  await looking?.close();
  await net?.close();
  stopEverything();
});

interface Lease {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly machines: readonly { readonly bounds: unknown }[];
}

const api = <T>(program: Program, ...words: string[]): T => {
  const { code, out, err } = program.cli('api', ...words);
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
};

test.runIf(canSandbox && noStandInHosts === undefined)('one pasted line makes a machine usable, a lease lets its tenant in by ssh, and its end leaves nothing (stand-in, not macOS)', async () => {
  net = new StandInNet();
  const host = await net.add('mac-1');
  const agentAddress = `${net.address}:${await freePort()}`;
  const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: agentAddress } });
  const added = program.cli('node', 'add', '--name', 'mac-1', '--json');
  expect(added.code, added.err).toBe(0);
  const { line } = JSON.parse(added.out) as { line: string };
  const pastedMs = performance.now();
  // As it was printed, by root of a machine of its own that has nothing of ours: Node and the agent come from the server.
  const pasted = host.run(line, { TANDEM_AGENT_STAND_IN: '1', TANDEM_AGENT_NETWORK: '' });
  expect(pasted.code, pasted.err).toBe(0);
  const nodes = () => api<{ items: { id: string; state: string; standIn: boolean; inventory: Record<string, unknown> }[] }>(program, 'GET', '/api/nodes').items;
  const [node] = await until('ready', nodes, ([one]) => one?.state === 'ready' && 'cpu' in one.inventory);
  const usableMs = performance.now() - pastedMs;
  expect(node!.standIn).toBe(true);
  // It opened no port: whoever knocks finds nobody.
  expect(host.run('cat /proc/net/tcp /proc/net/tcp6').out.split('\n').filter((socket) => socket.trim().split(/\s+/)[3] === '0A')).toEqual([]);

  const askedMs = performance.now();
  const { id } = api<Lease>(program, 'POST', '/api/leases', '--data', JSON.stringify({ key: 'acceptance', kind: 'mac', minutes: 60 }));
  const lease = () => api<{ lease: Lease }>(program, 'GET', `/api/leases/${id}`).lease;
  await until('running', lease, ({ state }) => state === 'running');
  const runningMs = performance.now() - askedMs;

  const enteredMs = performance.now();
  const entered = program.cli('ssh', id, '--', 'id -un; echo left > behind; exit 3');
  const sshMs = performance.now() - enteredMs;
  expect([entered.code, entered.out], entered.err).toEqual([3, 'tenant\n']);

  // What the server computed is what bounds it; it has a way out, and none to the control plane.
  const [bounded] = lease().machines;
  expect(bounded!.bounds).toMatchObject({ limits: { memoryBytes: expect.any(Number) as unknown, processes: 16_384, diskBytes: expect.any(Number) as unknown }, network: 'internet' });
  const server = program.cli('ssh', id, '--', `timeout 5 bash -c 'exec 3<>/dev/tcp/${agentAddress.replace(':', '/')}' && echo reached`);
  expect([server.out, server.err]).toEqual(['', expect.stringContaining('Connection refused') as unknown]);

  if (noBrowser === undefined) looking = await lookAtScreen(program, id);

  const endedMs = performance.now();
  api(program, 'POST', `/api/leases/${id}/end`);
  await until('ended', lease, ({ state }) => state === 'ended');
  const wipedMs = performance.now() - endedMs;
  const gone = program.cli('ssh', id, '--', 'true');
  expect(gone.code).not.toBe(0);
  expect(existsSync(host.path(`${AGENT_HOME}/leases/${id}`))).toBe(false);
  await looking?.over();
  expect(looking?.faults ?? []).toEqual([]);
  console.log(`pasted to usable ${(usableMs / 1000).toFixed(1)} s (limit 20) · lease to running ${(runningMs / 1000).toFixed(1)} s · tandem ssh ${(sshMs / 1000).toFixed(2)} s (limit 2) · first picture of the screen ${looking === undefined ? 'not looked at' : `${(looking.firstFrameMs / 1000).toFixed(1)} s (limit 15)`} · end to wiped ${(wipedMs / 1000).toFixed(1)} s`);
  const removed = program.cli('node', 'remove', 'mac-1');
  expect(removed.code, removed.err).toBe(0);
  await program.interrupt();
});
