import { afterAll, expect, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { until } from './support/until.ts';
import { freePort, startProgram, stopEverything, type Program } from './support/program.ts';

let net: StandInNet | undefined;
afterAll(async () => {
  await net?.close();
  stopEverything();
});

interface Lease {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly job: { readonly state: string; readonly exitCode: number | null };
}

const api = <T>(program: Program, path: string): T => {
  const { code, out, err } = program.cli('api', 'GET', path);
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
};

test.runIf(canSandbox && noStandInHosts === undefined)('one line leases a machine, runs a job on it, prints what it prints and exits with its code; nobody enters (stand-in, not macOS)', async () => {
  net = new StandInNet();
  const host = await net.add('mac-1');
  const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}` } });
  const { line } = JSON.parse(program.cli('node', 'add', '--name', 'mac-1', '--json').out) as { line: string };
  const pasted = host.run(line, { TANDEM_AGENT_STAND_IN: '1' });
  expect(pasted.code, pasted.err).toBe(0);
  await until('ready', () => api<{ items: { state: string; inventory: object }[] }>(program, '/api/nodes').items, ([one]) => one?.state === 'ready' && 'cpu' in one.inventory);

  const job = program.cli('mac', 'lease', '--for', '10m', '--name', 'job', '--env', 'TOKEN=hf_secret', '--wait', '--', 'sh', '-c', 'echo "$TOKEN" in "$(pwd)"\nprintf "\\033[31mto stderr\\n" >&2\n\tsleep 1\nexit 5');
  expect([job.code, job.out], job.err).toEqual([5, 'hf_secret in /home/tenant\n·[31mto stderr\n']);
  const { id } = api<{ items: Lease[] }>(program, '/api/leases').items[0]!;
  for (const way of [['ssh', id, '--', 'true'], ['api', 'POST', `/api/leases/${id}/tickets`, '--data', '{"kind":"terminal"}'], ['api', 'POST', `/api/leases/${id}/tickets`, '--data', '{"kind":"screen"}']]) {
    const refused = program.cli(...way);
    expect([refused.code, refused.err.includes('access job, which lets nobody in') || refused.out.includes('no_shell')], refused.err + refused.out).toEqual([1, true]);
  }
  const ended = await until('ended', () => api<{ lease: Lease }>(program, `/api/leases/${id}`).lease, ({ state }) => state === 'ended');
  expect(ended).toMatchObject({ reason: 'its job ended with code 5', job: { state: 'ended', exitCode: 5 } });
  expect(program.cli('leases', 'logs', id).out).toBe('hf_secret in /home/tenant\n·[31mto stderr\n');
  expect(program.cli('leases', 'show', id).out).toContain('job        ended with code 5');
  await program.interrupt();
});
