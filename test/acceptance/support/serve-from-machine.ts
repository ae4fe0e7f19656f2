import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort, freshFolder, startProgram, stopEverything, type Program } from './program.ts';

/** Agents that a test has started, and the servers that they belong to. */
const running: string[] = [];
const programs: Program[] = [];

export async function stopServing(): Promise<void> {
  for (const home of running.splice(0)) process.kill(Number(readFileSync(join(home, 'launcher.pid'), 'utf8')), 'SIGTERM');
  for (const program of programs.splice(0)) await program.interrupt();
  stopEverything();
}

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

/**
 * A whole installation and a machine that serves its local model, driven as a user does it. How long it took is printed: a busy machine says nothing
 * about the product.
 * @param options `sleeps`: waits until nobody has called for a minute, and wakes it. `serve`: what is served, as `tandem gpu serve` takes it; default: the
 * local model.
 */
export async function serveFromMachine({ sleeps, serve }: { readonly sleeps: boolean; readonly serve?: readonly string[] }): Promise<void> {
  const program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `127.0.0.1:${await freePort()}` } });
  programs.push(program);
  const { line } = JSON.parse(cli(program, 'node', 'add', '--name', 'cpu-1', '--json')) as { line: string };
  const machine = freshFolder('machine');
  // A lease's user goes through it to its own folder.
  chmodSync(machine, 0o711);
  const home = join(machine, 'agent');
  // A machine without a GPU, whatever the one has that runs the tests; and that one does not become a router for it.
  const hidden = 'for tool in nvidia-smi rocm-smi; do at=$(command -v $tool) && mount --bind /dev/null "$at"; done; exec sh -c "$LINE"';
  const pasted = spawnSync('unshare', ['--mount', 'sh', '-c', hidden], { encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: machine, TANDEM_AGENT_HOME: home, TANDEM_AGENT_NETWORK: 'none', LINE: line } });
  expect(pasted.status, pasted.stderr).toBe(0);
  running.push(home);
  await until('ready', () => (JSON.parse(cli(program, 'api', 'GET', '/api/nodes')) as { items: { state: string; inventory: object }[] }).items, ([one]) => one?.state === 'ready' && 'cpu' in one.inventory);
  cli(program, 'prices', 'set', 'node/linux-x64', '--gpu-hour', '0.60', '--source', 'a test');
  cli(program, 'prices', 'set', 'fleet/local', '--input', '0.10', '--output', '0.40', '--source', 'a test');

  const askedMs = performance.now();
  cli(program, 'gpu', 'serve', ...(serve ?? ['tandem/local']), '--as', 'fleet/local', '--cpu', '--context', '2048', '--output', '256');
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
  // What another model knows is not ours to say.
  if (serve === undefined) expect(reply.choices[0].message.content).toContain('Paris');
  expect(reply.usage.completion_tokens).toBeGreaterThan(0);
  expect(await (await call(true)).text()).toContain('data: [DONE]');

  if (sleeps) {
    // Nobody calls it, so it sleeps, and costs nothing; the next call wakes it and is told what that took.
    cli(program, 'api', 'PATCH', `/api/servings/${show().serving.id}`, '--data', JSON.stringify({ min: 0, idleMinutes: 1 }));
    await until('asleep', show, ({ serving, replicas }) => serving.state === 'asleep' && replicas.every(({ state }) => state === 'ended'));
    const woken = await call(false);
    expect(woken.status).toBe(200);
    expect(Number(woken.headers.get('x-tandem-cold-start'))).toBeGreaterThan(1_000);
    expect(woken.headers.get('x-tandem-route')).toBe('fleet/local#2/fleet/local; reason=only');
  }

  console.log(cli(program, 'gpu', 'show', 'fleet/local'));

  // At its end what runs is finished, the leases end, and nothing is left on the machine.
  const { id } = show().serving;
  cli(program, 'gpu', 'stop', 'fleet/local');
  await until('stopped', () => JSON.parse(cli(program, 'api', 'GET', `/api/servings/${id}`)) as Shown, ({ serving }) => serving.state === 'stopped');
  expect((await call(false)).status).toBe(404);
  await until('wiped', () => readdirSync(join(home, 'leases')), (left) => left.every((name) => !name.includes('-')));
  console.log(`asked to serving ${(readyMs / 1000).toFixed(1)} s`);
}
