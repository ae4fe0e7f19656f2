import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { freePort, freshFolder, startProgram, stopEverything, type Program } from './support/program.ts';

// How long each step took is printed: a busy machine says nothing about the product.
let agentHome: string | undefined;
afterAll(() => {
  if (agentHome !== undefined) process.kill(Number(readFileSync(join(agentHome, 'launcher.pid'), 'utf8')), 'SIGTERM');
  stopEverything();
});

interface Shown {
  readonly serving: { readonly id: string; readonly state: string; readonly reason: string | null; readonly coldStartMs: number | null };
  readonly replicas: readonly { readonly number: number; readonly state: string; readonly reason: string | null; readonly coldStart: { readonly leaseMs: number; readonly loadMs: number } | null }[];
}

const cli = (program: Program, ...words: string[]): string => {
  const { code, out, err } = program.cli(...words);
  expect(code, err).toBe(0);
  return out;
};
const until = async <T>(what: string, look: () => T, holds: (seen: T) => boolean): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    const seen = look();
    if (holds(seen)) return seen;
    if (tries === 1_500) throw new Error(`never ${what}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
};

test.runIf(canSandbox)('gpu serve: a leased machine without a GPU serves the local model by a name of the model API, through the tunnel and no open port, goes to sleep and is woken by a call', async () => {
  const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `127.0.0.1:${await freePort()}` } });
  const { line } = JSON.parse(cli(program, 'node', 'add', '--name', 'cpu-1', '--json')) as { line: string };
  const machine = freshFolder('machine');
  // A lease's user goes through it to its own folder.
  chmodSync(machine, 0o711);
  const home = join(machine, 'agent');
  const pasted = spawnSync('sh', ['-c', line], { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: machine, TANDEM_AGENT_HOME: home } });
  expect(pasted.status, pasted.stderr).toBe(0);
  agentHome = home;
  await until('ready', () => (JSON.parse(cli(program, 'api', 'GET', '/api/nodes')) as { items: { state: string; inventory: object }[] }).items, ([one]) => one?.state === 'ready' && 'cpu' in one.inventory);
  const [pool] = JSON.parse(cli(program, 'pools', '--json')) as { resources: string[] }[];
  // Where the tests run on a machine with a GPU the same engine is leased that, which it does not use.
  const [resource] = pool!.resources;
  const kind = resource!.startsWith('gpu/') ? ['--engine', 'embedded'] : ['--cpu'];
  cli(program, 'prices', 'set', resource!, '--hour', '0.60', '--source', 'a test');
  cli(program, 'prices', 'set', 'fleet/local', '--input', '0.10', '--output', '0.40', '--source', 'a test');

  const askedMs = performance.now();
  cli(program, 'gpu', 'serve', 'tandem/local', '--as', 'fleet/local', ...kind, '--context', '2048', '--output', '256');
  const show = (): Shown => JSON.parse(cli(program, 'gpu', 'show', 'fleet/local', '--json')) as Shown;
  await until('serving', show, ({ serving }) => serving.state === 'serving');
  const readyMs = performance.now() - askedMs;

  const call = (stream: boolean) => fetch(`${program.url}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${program.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'fleet/local', messages: [{ role: 'user', content: 'What is the capital of France?' }], max_tokens: 24, stream }),
  });
  const whole = await call(false);
  const reply = (await whole.json()) as { choices: [{ message: { content: string } }]; usage: { completion_tokens: number } };
  expect([whole.status, whole.headers.get('x-tandem-route')], JSON.stringify(reply)).toEqual([200, 'fleet/local#1/fleet/local; reason=only']);
  expect(reply.choices[0].message.content).toContain('Paris');
  expect(reply.usage.completion_tokens).toBeGreaterThan(0);
  expect(await (await call(true)).text()).toContain('data: [DONE]');


  // Nobody calls it, so it sleeps, and costs nothing; the next call wakes it and is told what that took.
  cli(program, 'api', 'PATCH', `/api/servings/${show().serving.id}`, '--data', JSON.stringify({ min: 0, idleMinutes: 1 }));
  await until('asleep', show, ({ serving, replicas }) => serving.state === 'asleep' && replicas.every(({ state }) => state === 'ended'));
  const woken = await call(false);
  expect(woken.status).toBe(200);
  expect(Number(woken.headers.get('x-tandem-cold-start'))).toBeGreaterThan(1_000);
  expect(woken.headers.get('x-tandem-route')).toBe('fleet/local#2/fleet/local; reason=only');

  console.log(cli(program, 'gpu', 'show', 'fleet/local'));

  // At its end what runs is finished, the leases end, and nothing is left on the machine.
  const { id } = show().serving;
  cli(program, 'gpu', 'stop', 'fleet/local');
  await until('stopped', () => JSON.parse(cli(program, 'api', 'GET', `/api/servings/${id}`)) as Shown, ({ serving }) => serving.state === 'stopped');
  expect((await call(false)).status).toBe(404);
  await until('wiped', () => readdirSync(join(home, 'leases')), (left) => left.every((name) => !name.includes('-')));
  console.log(`asked to serving ${(readyMs / 1000).toFixed(1)} s`);
}, 240_000);
