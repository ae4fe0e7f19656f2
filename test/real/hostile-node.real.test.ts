import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAddress } from '../../agent/src/connection/dial.ts';
import { keepConnected } from '../../agent/src/connection/keep.ts';
import { enrol } from '../../agent/src/enrol/enrol.ts';
import { realWait } from '../../agent/src/outside.ts';
import { homeAt } from '../../agent/src/state/home.ts';
import type { Message, Session } from '../../agent/src/wire/index.ts';
import { launch, noBrowser } from '../../console/test/browser.ts';
import { api } from '../acceptance/support/api.ts';
import { freePort, freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';

/*
 * A node with a good key and a bad mind: it speaks the agents' protocol with the agent's own code, and whatever it is asked it answers what
 * the test has it say. The server, the command line and the console are the real ones.
 */

const EVIL = '\u001b[2J\u001b]0;owned\u0007<img src=x onerror="document.title=1"><script>document.title=2</script>\u202e\u0000evil\n| ready |';

interface Lease {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly machines: readonly { readonly stage: string }[];
}

interface Node {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly quarantine: { readonly reason: string } | null;
}

let program: Program;
const ending = new AbortController();
/** How each question is answered, by node; a test sets it. */
const lies = new Map<string, (name: string, params: Message) => Message>();
const sessions = new Map<string, Session>();

beforeAll(async () => {
  program = await startProgram({ direct: true, env: { TANDEM_LOCAL_MODEL: 'off', TANDEM_AGENT_ADDRESS: `127.0.0.1:${await freePort()}` } });
}, 120_000);
afterAll(async () => {
  ending.abort(new Error('over'));
  await program?.interrupt();
  stopEverything();
});

/** Enrols it and connects it. Resolves with its id once the server takes work for it. */
async function hostile(name: string, inventory: Message, answer: (name: string, params: Message) => Message): Promise<string> {
  const { line, token } = await api<{ line: string; token: string }>(program, 'POST', '/api/nodes', { name });
  const [, pin = ''] = /sha256\/\/([A-Za-z0-9+/=]+)/.exec(line) ?? [];
  const [, server = ''] = /https:\/\/(\S+)\/install\.sh/.exec(line) ?? [];
  const home = freshFolder('hostile');
  await enrol({ home, server: parseAddress(server), pin, token, machine: null, platform: 'linux-x64', standIn: true });
  lies.set(name, answer);
  const outside = { nowMs: () => Date.now(), bootMs: () => performance.now(), random: () => Math.random(), wait: realWait, log: () => {} };
  void keepConnected({ home: homeAt(home), agentVersion: EVIL.slice(0, 40), boot: 'boot-1', outside, signal: ending.signal, duties: {
    urgent: () => false,
    answer: async (question, params) => lies.get(name)!(question, params),
    accept: async (_kind, _params, stream) => void stream.end(EVIL),
    begun(session) {
      sessions.set(name, session);
      session.tell('inventory', inventory);
      session.tell('health', { state: 'ok', reasons: [EVIL] });
      const beat = setInterval(() => session.tell('health', { state: 'ok', reasons: [EVIL] }), 2_000);
      return () => clearInterval(beat);
    },
  } });
  return (await until(`${name} is connected`, () => node(name), (one) => one?.state === 'ready'))!.id;
}

const node = async (name: string): Promise<Node | undefined> => (await api<{ items: Node[] }>(program, 'GET', '/api/nodes')).items.find((one) => one.name === name);
const lease = async (id: string): Promise<Lease> => (await api<{ lease: Lease }>(program, 'GET', `/api/leases/${id}`)).lease;
const ask = (node: string): Promise<Lease> => api<Lease>(program, 'POST', '/api/leases', { key: `for ${node}`, kind: 'mac', minutes: 5, labels: { node } });

async function until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (tries === 300) throw new Error(`never: ${what}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}

describe('a hostile node (stand-in, not macOS)', () => {
  it('lies about its clock: backwards, ahead by ages, no number, and gets no lease to run by it', async () => {
    const uptimes: unknown[] = [-1, 'soon', null, 1e300, { valueOf: 1 }, 1e16];
    let asked = 0;
    const granted: Message[] = [];
    await hostile('clock', {}, (name, params) => {
      if (name === 'lease.grant') granted.push(params);
      if (name === 'lease.list') return { boot: 'boot-1', uptimeMs: uptimes[asked++ % uptimes.length], leases: [] } as Message;
      return {};
    });
    const { id } = await ask('clock');
    await until('every lie is told', async () => asked, (count) => count > uptimes.length);
    expect(await lease(id)).toMatchObject({ state: 'granting', reason: expect.stringContaining('cannot be read') });
    expect(granted).toEqual([]);
    // Once it tells a time, that is the time it is held to: a clock that goes back gives it no more.
    lies.set('clock', (name, params) => {
      if (name === 'lease.grant') granted.push(params);
      return name === 'lease.list' ? { boot: 'boot-1', uptimeMs: granted.length === 0 ? 5_000_000 : 1, leases: [{ lease: id, fence: '999999999999999999', remainingMs: 1e300 }, EVIL, null] } : {};
    });
    await until('it runs', () => lease(id), ({ state }) => state === 'running');
    expect(Number(granted[0]!['untilUptimeMs'])).toBeLessThanOrEqual(5_000_000 + 5 * 60_000);
    await api(program, 'POST', `/api/leases/${id}/end`);
    // It never says that it is clean: the lease ends, and the machine is nobody's.
    await until('the lease is over', () => lease(id), ({ state }) => state === 'ended');
    expect(await node('clock')).toMatchObject({ state: 'quarantined', quarantine: { reason: expect.stringContaining('wipe') } });
  });

  it('answers with what is no answer, and is given nothing more', async () => {
    let id = '';
    const deep = JSON.parse(`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`) as Message;
    await hostile('answers', {}, (name, params) => {
      switch (name) {
        case 'lease.list': return { boot: 'boot-1', uptimeMs: 1_000, leases: Array.from({ length: 1_200 }, () => ({ lease: id, fence: EVIL, remainingMs: 'ever' })) };
        case 'lease.grant': return { user: EVIL };
        case 'lease.wipe': return { clean: 'yes', method: '__proto__', evidence: Array.from({ length: 1_000 }, () => EVIL), unchecked: { length: 1e9 } };
        case 'doctor': return { checks: [{ id: EVIL, state: 'pass', detail: EVIL.repeat(100), next: EVIL }, null, deep] };
        case 'lease.ssh': return { hostKey: `ssh-ed25519 AAAA ${EVIL}\ncommand="x"` };
        case 'lease.screen': return { username: EVIL.repeat(10), password: 7 };
        default: return { ...params, ...deep };
      }
    });
    ({ id } = await ask('answers'));
    await until('it says that it runs', () => lease(id), ({ state }) => state === 'running');
    const entered = program.cli('ssh', id, '--', 'id');
    expect(entered.code).not.toBe(0);
    expect(hasControls(entered.out + entered.err)).toBe(false);
    const doctor = program.cli('node', 'doctor', 'answers');
    expect(hasControls(doctor.out + doctor.err), doctor.out + doctor.err).toBe(false);
    await api(program, 'POST', `/api/leases/${id}/end`);
    await until('the lease is over', () => lease(id), ({ state }) => state === 'ended');
    expect(await node('answers')).toMatchObject({ state: 'quarantined' });
    expect(hasControls(program.cli('leases', 'show', id).out)).toBe(false);
  });

  it('tells an inventory that is made to hurt: what is shown is text, in tables and in a browser', async () => {
    const id = await hostile('inventory', JSON.parse(JSON.stringify({
      platform: EVIL, hostname: EVIL, standIn: false, machine: EVIL, os: { kind: EVIL, release: EVIL, name: EVIL }, cpu: { model: EVIL, cores: -1e308, arch: EVIL }, memoryBytes: 'much', disk: { path: EVIL, bytes: 1e300, freeBytes: null },
      network: Array.from({ length: 100 }, () => ({ name: EVIL, mac: EVIL })), gpus: Array.from({ length: 200 }, (_, index) => ({ vendor: EVIL, index, uuid: EVIL, name: `${EVIL} H100 80GB`, memoryBytes: 85e9, migDevices: Array.from({ length: 3 }, () => ({ profile: EVIL })) })),
      constructor: { prototype: { isAdmin: true } }, toString: EVIL,
    }).replace('"toString"', '"__proto__"')) as Message, () => ({}));
    await until('the inventory is stored', () => api<{ node: { inventory: Message } }>(program, 'GET', `/api/nodes/${id}`), ({ node: { inventory } }) => 'cpu' in inventory);
    for (const words of [['node', 'list'], ['node', 'show', 'inventory'], ['pools'], ['pools', 'list']]) expect(hasControls(program.cli(...words).out), words.join(' ')).toBe(false);
    // A stand-in stays one, whatever it says of itself: nobody pays for cards that nobody has seen.
    await expect(api(program, 'POST', '/api/leases/quote', { kind: 'gpu', gpus: 1, labels: { node: 'inventory' } })).rejects.toThrow(/no_such_machine|404|409/);
    if (noBrowser !== undefined) return;
    const browser = await launch();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('dialog', () => faults.push('a dialog'));
      page.on('console', (message) => { if (message.text().includes('Content Security Policy')) faults.push(message.text()); });
      await page.goto(/http\S+\/login#token=\S+/.exec(program.output())![0]);
      await page.getByRole('link', { name: 'Fleet', exact: true }).waitFor();
      for (const path of ['/fleet/nodes', `/fleet/nodes/${id}`]) {
        await page.goto(program.url + path);
        await page.getByText('stand-in, not macOS').first().waitFor();
        const all = page.getByText('All that it says');
        if ((await all.count()) > 0) await all.first().click();
        expect(await page.locator('main img, main script, main iframe').count(), path).toBe(0);
        expect(await page.title(), path).toContain('Tandem');
      }
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('talks too much: its connection ends, and the server and other nodes go on', async () => {
    await hostile('loud', {}, () => ({}));
    await hostile('quiet', {}, () => ({}));
    const session = sessions.get('loud')!;
    // Of what the server knows nothing, of what it writes down, and of leases that are not its own.
    for (let turn = 0; turn < 10_000; turn += 1) {
      session.tell(`event-${turn}`, { turn });
      session.tell('inventory', { turn, blob: 'x'.repeat(1_000) });
      session.tell('health', { state: turn % 2 === 0 ? 'ok' : 'sick', reasons: [`${turn}`] });
      session.tell('leases', { stopped: ['x', null, ...Array.from({ length: 50 }, () => '01a215ed-2dce-7000-a464-24357fc65205')] });
    }
    await until('the other is well', () => node('quiet'), (one) => one?.state === 'ready');
    expect((await fetch(`${program.url}/healthz`)).status).toBe(200);
  });
});

/** Anything but a line's end and a tab that a terminal or a reader's direction would obey. */
function hasControls(text: string): boolean {
  return [...text].some((letter) => {
    const code = letter.codePointAt(0)!;
    return (code < 32 && code !== 10 && code !== 9) || (code >= 127 && code < 160) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  });
}
