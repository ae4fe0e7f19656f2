import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import type { AgentsHouse } from '../testing/agents-house.ts';
import { openLeaseHouse, type LeaseHouse, type OneLease } from '../testing/lease-house.ts';

interface Said {
  readonly type: string;
  readonly terminal?: string;
  readonly resumed?: boolean;
  readonly recorded?: boolean;
  readonly code?: number | null;
}

/** A browser's page, as far as the socket can tell: it shows all that comes, and says so, unless it is told to be slow. */
class PageStandIn {
  readonly socket: WebSocket;
  readonly told: Said[] = [];
  shown = '';
  bytes = 0;
  closed: { code: number; reason: string } | undefined;
  slow = false;

  constructor(url: string, protocols: string[], headers: Record<string, string>, first: object) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.socket.on('open', () => this.socket.send(JSON.stringify(first))).on('error', () => {});
    this.socket.on('message', (data: Buffer, binary: boolean) => {
      if (!binary) return void this.told.push(JSON.parse(data.toString()) as Said);
      this.bytes += data.length;
      this.shown = (this.shown + data.toString()).slice(-100_000);
      if (!this.slow) this.socket.send(JSON.stringify({ type: 'read', bytes: data.length }));
    });
    this.socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() }; });
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text), { binary: true });
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (let tries = 0; !holds(); tries += 1) {
      if (tries === 800) throw new Error(`never ${what}: ${JSON.stringify({ told: this.told, closed: this.closed, shown: this.shown.slice(-500) })}`);
      await new Promise((resolve) => { setTimeout(resolve, 25); });
    }
  }
}

describe.runIf(canSandbox)('a terminal in a lease (stand-in, not macOS)', () => {
  let opened: LeaseHouse;
  let lease: OneLease;
  let house: AgentsHouse;
  let url: string;

  beforeAll(async () => {
    opened = await openLeaseHouse();
    ({ lease, house } = opened);
    url = opened.env['TANDEM_URL']!;
  }, 120_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  const key = () => ({ authorization: `Bearer ${house.adminKey}` });
  const ticket = async (body: object = { kind: 'terminal' }): Promise<string> => {
    const reply = await fetch(`${url}/api/leases/${lease.leaseId}/tickets`, { method: 'POST', headers: { ...key(), 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return ((await reply.json()) as { ticket: string }).ticket;
  };
  const at = (given: string, first: object = {}, headers: Record<string, string> = {}) => new PageStandIn(`${url.replace('http', 'ws')}/api/leases/${lease.leaseId}/terminal`, ['tandem-terminal', `ticket.${given}`], { ...key(), ...headers }, { type: 'open', terminal: null, columns: 100, rows: 30, ...first });
  const open = async (first: object = {}) => {
    const page = at(await ticket(), first);
    await page.until('begun', () => page.told.some(({ type }) => type === 'begun'));
    return page;
  };
  const close = async (page: PageStandIn): Promise<void> => {
    page.socket.close();
    await page.until('closed', () => page.closed !== undefined);
  };

  it('runs a shell of the lease\'s user in a terminal of the page\'s size, which follows it, and gives its code', async () => {
    const page = await open();
    page.type('id -un; stty size; tty; echo $((6*7))=\n');
    await page.until('answered', () => page.shown.includes('42='));
    expect(page.shown).toContain('tenant\r\n30 100\r\n/dev/pts/');
    // A program that runs is told of it, and reads the new size.
    page.type('sh -c \'trap "stty size" WINCH; echo re""ady; while :; do sleep 0.1; done\'\n');
    await page.until('ready', () => page.shown.includes('ready\r\n'));
    page.socket.send(JSON.stringify({ type: 'size', columns: 120, rows: 40 }));
    await page.until('resized', () => page.shown.includes('40 120\r\n'));
    page.type('\u0003');
    await page.until('interrupted', () => /\^C[^]*\$ $/.test(page.shown));
    page.type('exit 7\n');
    await page.until('closed', () => page.closed !== undefined);
    expect([page.told.at(-1), page.closed!.code]).toEqual([{ type: 'ended', code: 7 }, 1000]);
  }, 60_000);

  it('lets a program that fills the screen draw, and interrupts it', async () => {
    const page = await open();
    page.type('less /etc/os-release\n');
    // The other screen, which programs that fill it ask for.
    await page.until('drawn', () => page.shown.includes('\u001b[?1049h'));
    page.type('q');
    await page.until('left', () => page.shown.includes('\u001b[?1049l'));
    page.type('sleep 4141\n');
    await page.until('asleep', () => spawnSync('pgrep', ['-f', '^sleep 4141']).status === 0);
    page.type('\u0003');
    await page.until('awake', () => spawnSync('pgrep', ['-f', '^sleep 4141']).status === 1);
    page.type('echo aga""in\n');
    await page.until('interrupted', () => page.shown.includes('again\r\n'));
    await close(page);
  }, 60_000);

  it('is taken up again by the same person after a cut, with what was shown last, and outlives the agent', async () => {
    const page = await open();
    const { terminal } = page.told[0]!;
    page.type('export KEPT=here; echo mar""ker\n');
    await page.until('shown', () => page.shown.includes('marker\r\n'));
    page.socket.terminate();
    const again = await open({ terminal });
    expect(again.told[0]).toMatchObject({ terminal, resumed: true });
    await again.until('shown again', () => again.shown.includes('marker\r\n'));
    // The agent's end is not the terminal's.
    await opened.agent.kill();
    again.type('echo $KEPT=\n');
    await again.until('kept', () => again.shown.includes('here='));
    house.startAgent(opened.home);
    await house.until('connected again', ({ connected }) => connected);
    const third = await open({ terminal });
    expect(third.told[0]).toMatchObject({ terminal, resumed: true });
    await again.until('closed', () => again.closed !== undefined);
    expect(again.closed!.code).toBe(1013);
    // Another person's is not given, even by its id.
    await expect(house.tunnels.link.open(lease.nodeId, 'terminal', { lease: lease.leaseId, terminal, person: 'another', columns: 80, rows: 24 })).rejects.toThrow(/did not do it/);
    third.type('exit\n');
    await third.until('ended', () => third.closed !== undefined);
    const anew = await open({ terminal });
    expect(anew.told[0]).toMatchObject({ terminal, resumed: false });
    await close(anew);
  }, 90_000);

  it('holds a program up that writes without end while its page does not keep up, and goes on when it does', async () => {
    const page = at(await ticket());
    page.slow = true;
    await page.until('begun', () => page.told.length > 0);
    page.type('yes\n');
    await page.until('held up', () => page.bytes > 512 * 1024);
    const keeper = keeperOf(lease.leaseId);
    const before = rssOf(keeper);
    for (let seen = -1; seen !== page.bytes;) {
      seen = page.bytes;
      await new Promise((resolve) => { setTimeout(resolve, 300); });
    }
    // No more than what may be unread, and what is in buffers of the way that no page's word reaches.
    expect(page.bytes).toBeLessThan(1_024 * 1024);
    expect(rssOf(keeper) - before).toBeLessThan(64_000);
    page.slow = false;
    const held = page.bytes;
    page.socket.send(JSON.stringify({ type: 'read', bytes: held }));
    await page.until('going on', () => page.bytes > held + 1_000_000);
    await close(page);
  }, 60_000);

  it('is let in as a screen is: by the caller, the page, and a ticket of its own kind, once', async () => {
    const refused = async (page: PageStandIn): Promise<string> => {
      await page.until('closed', () => page.closed !== undefined);
      return `${page.closed!.code} ${page.closed!.reason}`;
    };
    const good = await ticket();
    expect(await refused(at(good, {}, { origin: 'https://elsewhere.example' }))).toBe('1006 ');
    expect(await refused(at(good, {}, { authorization: 'Bearer tdm_wrong' }))).toBe('1006 ');
    const page = at(good);
    await page.until('begun', () => page.told.length > 0);
    expect(await refused(at(good))).toBe('4403 ticket_invalid: The ticket was used, is over, or is for another lease or person.');
    expect(await refused(at(await ticket({ kind: 'screen' })))).toMatch(/^4403 ticket_invalid/);
    expect(await refused(at(await ticket(), { columns: 'wide' }))).toMatch(/^4400 invalid_request/);
    expect(await refused(at(await ticket(), { terminal: '../../etc' }))).toMatch(/^4400 invalid_request/);
    page.socket.send('{"type":"whatever"}');
    expect(await refused(page)).toMatch(/^4400 invalid_request: .*A message was none/);
    const shared = await fetch(`${url}/api/leases/${lease.leaseId}/tickets`, { method: 'POST', headers: { ...key(), 'content-type': 'application/json' }, body: JSON.stringify({ kind: 'terminal', forActor: 'somebody' }) });
    expect(shared.status).toBe(400);
  }, 60_000);

  it('is cut within seconds of the end of the lease, and its shell with it', async () => {
    const page = await open();
    page.type('sleep 4242 &\n');
    await page.until('begun', () => spawnSync('pgrep', ['-f', '^sleep 4242']).status === 0);
    const endedMs = performance.now();
    lease.end();
    await page.until('cut', () => page.closed !== undefined);
    await house.tunnels.link.ask(lease.nodeId, 'lease.end', { lease: lease.leaseId, fence: '1' });
    expect(spawnSync('pgrep', ['-f', '^sleep 4242']).status).toBe(1);
    expect(performance.now() - endedMs).toBeLessThan(5_000);
    expect(await house.tunnels.link.ask(lease.nodeId, 'lease.wipe', { lease: lease.leaseId, fence: '1' })).toMatchObject({ clean: true });
  }, 60_000);
});

/** The process that keeps a lease. */
function keeperOf(leaseId: string): string {
  const found = readdirSync('/proc').find((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes('keep') && words.includes(leaseId);
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('nothing keeps the lease');
  return found;
}

/** Memory of a process, in KiB. */
function rssOf(pid: string): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
