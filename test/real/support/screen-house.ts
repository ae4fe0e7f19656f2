import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { StandInNet } from '../../../agent/src/testing/stand-in-host.ts';
import { launch } from '../../../console/test/browser.ts';
import { api } from '../../acceptance/support/api.ts';
import { CHECKOUT, freePort, startProgram, type Program } from '../../acceptance/support/program.ts';
import { openCuttableDoor, type CuttableDoor } from './cuttable-door.ts';

/** A whole installation, a stand-in host of it that a lease runs on, and people who are signed in, each in a browser of their own. */
export interface ScreenHouse {
  readonly program: Program;
  /** What the people's browsers go through. */
  readonly door: CuttableDoor;
  readonly leaseId: string;
  readonly owner: Page;
  /** Another member of the organisation. */
  readonly guest: Page;
  /** What the pages asked for tickets with, in order: how often a screen was opened. */
  readonly tickets: string[];
  /** Kills the server (SIGKILL) and starts it again where it was. */
  restart(): Promise<void>;
  /** A shell's line in the lease, with its screen as the display. Returns what it printed; rejects where it failed. */
  inLease(line: string): Promise<string>;
  close(): Promise<void>;
}

export async function openScreenHouse(): Promise<ScreenHouse> {
  const net = new StandInNet();
  const opened: (() => Promise<unknown>)[] = [() => net.close()];
  const close = async (): Promise<void> => {
    for (const one of opened.toReversed()) await one();
  };
  try {
    const env = { TANDEM_PORT: String(await freePort()), TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}` };
    let program = await startProgram({ direct: true, env });
    const login = /\/login#token=\S+/.exec(program.output())![0];
    opened.push(() => program.interrupt());
    const restart = async (): Promise<void> => {
      await program.killServer();
      program = await startProgram({ direct: true, home: program.home, env });
    };
    const leaseId = await leaseMachine(net, program);
    const door = await openCuttableDoor(program.url);
    opened.push(() => door.close());
    const browser = await launch();
    opened.push(() => browser.close());
    const tickets: string[] = [];
    const owner = await signedIn(browser, door.url, tickets, login);
    const { url } = await api<{ url: string }>(program, 'POST', '/api/invitations', { email: 'guest@example.com', role: 'developer' });
    const guest = await signedIn(browser, door.url, [], new URL(url).pathname + new URL(url).hash, 'Guest');
    return { get program() { return program; }, door, leaseId, owner, guest, tickets, restart, inLease: (line) => inLease(program, leaseId, line), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Adds a stand-in host to the installation and leases it. @returns the lease's id, once it runs. */
export async function leaseMachine(net: StandInNet, program: Program): Promise<string> {
  const host = await net.add('mac-1');
  const { line } = await api<{ line: string }>(program, 'POST', '/api/nodes', { name: 'mac-1' });
  const pasted = host.run(line, { TANDEM_AGENT_STAND_IN: '1', TANDEM_AGENT_NETWORK: '' });
  if (pasted.code !== 0) throw new Error(pasted.err);
  await until(async () => (await api<{ items: { state: string; inventory: object }[] }>(program, 'GET', '/api/nodes')).items[0], (node) => node?.state === 'ready' && 'cpu' in node.inventory);
  const { id } = await api<{ id: string }>(program, 'POST', '/api/leases', { key: 'screen', kind: 'mac', minutes: 60 });
  await until(async () => (await api<{ lease: { state: string } }>(program, 'GET', `/api/leases/${id}`)).lease, ({ state }) => state === 'running');
  return id;
}

async function signedIn(browser: Browser, url: string, tickets: string[], link: string, name?: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.on('websocket', (socket) => void tickets.push(socket.url()));
  await page.goto(`${url}${link}`);
  if (name !== undefined) {
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Accept and sign in' }).click();
  }
  await page.getByRole('link', { name: 'Fleet', exact: true }).waitFor();
  return page;
}

/** As a person's shell runs it; another process, so that this one waits for nothing else. */
function inLease(program: Program, leaseId: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(CHECKOUT, 'src/cli/main.ts'), 'ssh', leaseId, '--', `export DISPLAY=:1; ${line}`], { env: { PATH: process.env['PATH'], HOME: program.home, TANDEM_HOME: program.home, TANDEM_URL: program.url, TANDEM_KEY: program.key }, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
    child.once('close', (code) => (code === 0 ? resolve(said.out) : reject(new Error(`${line}: ${code} ${said.err}`))));
  });
}

/** Asks again until it holds; gives up after a minute. */
export async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (tries === 600) throw new Error(`it did not come about: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}
