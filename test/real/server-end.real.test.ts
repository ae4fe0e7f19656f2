import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { StandInNet, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { api } from '../acceptance/support/api.ts';
import { CHECKOUT, freePort } from '../acceptance/support/program.ts';
import { ChaosServer } from './chaos/server.ts';
import { leaseMachine, until } from './support/screen-house.ts';

const cannot = noStandInHosts ?? (canSandbox ? undefined : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) console.log(`Sessions over the end of a server are left out: ${cannot}.`);

/** Says what it hears until it hears `bye`. */
const ECHO = 'echo in; while read word; do [ "$word" = bye ] && exit 6; echo "heard $word"; done';
const FILE_BYTES = 40_000_000;
/** Of scp, in kilobits in a second: the transfer takes some seconds. */
const SCP_LIMIT = 60_000;

// A server that is killed (SIGKILL) and started again, a machine that is a stand-in host, OpenSSH's own client and `tandem ssh proxy`.
describe.runIf(cannot === undefined)('sessions over the end of a server (stand-in, not macOS)', () => {
  let net: StandInNet;
  let server: ChaosServer;
  let lease: string;
  let env: Record<string, string>;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    net = new StandInNet();
    server = new ChaosServer({ TANDEM_PORT: String(await freePort()), TANDEM_AGENT_ADDRESS: `${net.address}:${await freePort()}`, TANDEM_LOCAL_MODEL: 'off' }, () => {});
    await server.start();
    lease = await leaseMachine(net, server.program);
    env = await person('me', server.program.key);
  }, 240_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await server?.close();
    await net?.close();
  }, 120_000);

  /** Somebody with a home of their own, in which OpenSSH knows leases by name. */
  async function person(name: string, key: string): Promise<Record<string, string>> {
    const home = join(server.home, name);
    mkdirSync(home);
    const own = { PATH: process.env['PATH']!, HOME: home, TANDEM_HOME: join(home, '.tandem'), TANDEM_URL: server.program.url, TANDEM_KEY: key };
    const configured = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(CHECKOUT, 'src/cli/main.ts'), 'ssh', 'config'], { env: own, stdio: 'ignore' });
    expect((await once(configured, 'close'))[0]).toBe(0);
    return own;
  }
  function start(program: string, args: readonly string[], as = env): ChildProcess {
    const child = spawn(program, ['-F', join(as['HOME']!, '.ssh/config'), '-o', 'BatchMode=yes', ...args], { env: as, stdio: ['pipe', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  }
  async function shell(as = env) {
    const child = start('ssh', [`${lease}.tandem`, ECHO], as);
    const said = { out: '', err: '' };
    child.stdout!.on('data', (chunk: Buffer) => { said.out += chunk.toString(); });
    child.stderr!.on('data', (chunk: Buffer) => { said.err += chunk.toString(); });
    const ended = once(child, 'close') as Promise<[number | null]>;
    const hears = async (text: string): Promise<void> => {
      child.stdin!.write(`${text}\n`);
      await until(async () => said.out + said.err, (all) => all.includes(`heard ${text}\n`));
    };
    await until(async () => said.out, (out) => out === 'in\n');
    return { child, said, ended, hears };
  }
  async function inLease(line: string): Promise<string> {
    const child = start('ssh', [`${lease}.tandem`, line]);
    let out = '';
    child.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    await once(child, 'close');
    return out;
  }
  const sshds = (): number => Number(net.hosts[0]!.run('pgrep -c sshd || true').out.trim());

  it('go on: a shell, and a copy that is under way, whole', async () => {
    const [one, idle] = [await shell(), await shell()];
    await one.hears('this');
    const file = join(server.home, 'file');
    const bytes = randomBytes(FILE_BYTES);
    writeFileSync(file, bytes);
    const copy = start('scp', ['-l', String(SCP_LIMIT), file, `${lease}.tandem:copied`]);
    let wrong = '';
    copy.stderr!.on('data', (chunk: Buffer) => { wrong += chunk.toString(); });
    const copied = once(copy, 'close');
    await until(() => inLease('stat -c %s copied 2>/dev/null || echo 0'), (there) => Number(there) > 1_000_000 || wrong !== '');
    const restarted = server.restart(1);
    // Said while there is no server.
    one.child.stdin!.write('unheard\n');
    await restarted;
    await one.hears('that');
    expect(one.said.out).toBe('in\nheard this\nheard unheard\nheard that\n');
    expect([(await copied)[0], wrong]).toEqual([0, '']);
    expect((await inLease('sha256sum copied')).split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'));
    await server.restart(0);
    for (const { child, ended, hears } of [one, idle]) {
      await hears('once more');
      child.stdin!.write('bye\n');
      expect(await ended).toEqual([6, null]);
    }
    // Nothing of them waits for anybody.
    await until(async () => sshds(), (count) => count === 0);
  }, 200_000);

  it('do not go on for a key that was revoked meanwhile, and end with the lease', async () => {
    const { key, secret } = await api<{ key: { id: string }; secret: string }>(server.program, 'POST', '/api/keys', { name: 'theirs' });
    const [mine, theirs] = [await shell(), await shell(await person('them', secret))];
    await api(server.program, 'DELETE', `/api/keys/${key.id}`);
    await server.restart(0);
    await mine.hears('this');
    expect((await theirs.ended)[0]).toBe(255);
    expect(theirs.said.err).toContain('key');
    await api(server.program, 'POST', `/api/leases/${lease}/end`, {});
    expect((await mine.ended)[0]).toBe(255);
  }, 200_000);
});
