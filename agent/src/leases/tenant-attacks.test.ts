import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realWait, type Outside } from '../outside.ts';
import { homeAt, type Home } from '../state/home.ts';
import { canSandbox } from '../testing/can-sandbox.ts';
import { insideArgs } from './inside.ts';
import { Leases } from './leases.ts';
import { pathsOf, readRecords } from './record.ts';

const OWN = '0192f0c1-7a00-7000-8000-00000000000a';
const OTHER = '0192f0c1-7a00-7000-8000-00000000000b';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };
const order = { userCa: 'ssh-ed25519 AAAA', principal: 'x', hostCertificate: 'ssh-ed25519-cert-v01@openssh.com AAAA' };

let home: Home;
let leases: Leases;
const grant = (lease: string, unit: string) => leases.grant({ lease, fence: '1', units: [unit], access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 300_000) });

/** What a tenant's own program says, started where its sessions are. */
function inside(lease: string, script: string): { readonly code: number | null; readonly out: string } {
  const { uid } = readRecords(home).find((one) => one.lease === lease)!;
  const pid = Number(readdirSync('/proc').find((name) => {
    try {
      return /^\d+$/.test(name) && statSync(`/proc/${name}`).uid === uid && readFileSync(`/proc/${name}/cmdline`, 'utf8') === 'sleep\0infinity\0';
    } catch {
      return false;
    }
  }));
  const [program, args] = insideArgs({ pid, uid, groups: [] }, ['/bin/bash', '-c', script]);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/home/tenant' } });
  return { code: status, out: stdout + stderr };
}

/** The same user without any sandbox: what would be left to whoever had got out of it. */
function escaped(lease: string, script: string): string {
  const { uid } = readRecords(home).find((one) => one.lease === lease)!;
  const { stdout, stderr } = spawnSync('setpriv', ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--', 'bash', '-c', script], { encoding: 'utf8', cwd: '/', timeout: 30_000 });
  return stdout + stderr;
}

beforeEach(async () => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-attacks-')));
  chmodSync(home.root, 0o711);
  mkdirSync(join(home.root, 'identity'), { mode: 0o700 });
  writeFileSync(home.key, 'the key of the node', { mode: 0o600 });
  leases = new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
  if (!canSandbox) return;
  await grant(OWN, 'gpu-0');
  await grant(OTHER, 'gpu-1');
  await leases.ssh({ lease: OTHER, ...order });
  expect(inside(OTHER, 'echo the secret of another > ~/secret; echo planted').out).toBe('planted\n');
});
afterEach(async () => {
  for (const { lease } of readRecords(home)) await leases.end({ lease, fence: '999999' });
  rmSync(home.root, { recursive: true, force: true });
});

describe.runIf(canSandbox)('a tenant with bad intentions (stand-in, not macOS)', () => {
  it('sees nothing of another lease, of the agent or of the machine from inside', () => {
    const other = pathsOf(home, OTHER);
    const seen = inside(OWN, `
      cat ${other.files}/secret ${other.ssh}/host ${other.record} ${home.key} /etc/shadow 2>&1
      ls ${home.root} ${home.leases} /proc/1/root${home.root} 2>&1
      find / -xdev \\( -name secret -o -name keeper.sock -o -name lease.json -o -name key.pem \\) 2>/dev/null
      cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -i token
      ls /proc | grep -c '^[0-9]*$'
      for socket in ${other.socket} ${pathsOf(home, OWN).socket} /run/docker.sock /var/run/dbus/system_bus_socket; do [ -e "$socket" ] && echo "reached $socket"; done`).out;
    expect(seen).not.toMatch(/secret of another|the key of the node|root:|reached|BEGIN|token=/m);
    // Its own first processes, its canary and this: the machine has many more.
    expect(Number(/^(\d+)$/m.exec(seen)?.[1])).toBeLessThan(20);
  });

  it('becomes nobody else, mounts nothing, makes no namespace and sends no signal out', () => {
    const { uid } = readRecords(home).find(({ lease }) => lease === OTHER)!;
    const victim = readdirSync('/proc').find((name) => {
      try {
        return /^\d+$/.test(name) && statSync(`/proc/${name}`).uid === uid;
      } catch {
        return false;
      }
    })!;
    for (const attempt of ['mount -t tmpfs x /tmp', 'unshare --user --map-root-user true', 'unshare --mount true', 'chroot /tmp true', `kill -9 ${victim}`, `kill -9 ${process.pid}`, `nsenter --target ${victim} --mount true`, 'su -c true', 'setpriv --reuid 0 true', `setpriv --reuid ${uid} true`, 'mknod /tmp/disk b 8 0', 'echo 1 > /proc/sys/kernel/sysrq', 'touch /usr/bin/x', 'echo x > /etc/passwd', 'dmesg']) {
      expect(inside(OWN, `${attempt} >/dev/null 2>&1`).code, attempt).not.toBe(0);
    }
    expect(inside(OTHER, 'cat ~/secret').out).toBe('the secret of another\n');
  });

  it('reads and reaches nothing even as its user outside of the sandbox', () => {
    const other = pathsOf(home, OTHER);
    const own = pathsOf(home, OWN);
    const tried = escaped(OWN, `
      cat ${other.files}/secret ${other.ssh}/host ${other.record} ${home.key} 2>&1
      ls ${home.leases} ${other.folder} ${other.files} 2>&1
      for socket in ${other.socket} ${own.socket}; do curl -sS --max-time 3 --unix-socket $socket http://x/ 2>&1; done
      touch ${own.folder}/x ${own.ssh}/x ${home.leases}/x ${other.files}/x 2>&1
      rm -rf ${own.ssh} 2>/dev/null; mv ${own.files} ${own.folder}/elsewhere 2>&1; ln -s /etc ${own.folder}/link 2>&1`);
    expect(tried).not.toMatch(/secret of another|the key of the node|BEGIN|"lease"/m);
    expect(tried.match(/denied|not permitted|Could not connect|Couldn't connect|Failed to connect/g)!.length).toBeGreaterThanOrEqual(12);
    expect([existsSync(own.ssh), existsSync(own.files), existsSync(join(own.folder, 'x')), existsSync(join(other.files, 'x'))]).toEqual([true, true, false, false]);
  });

  it('leads the agent to no file by links, whenever it swaps them', async () => {
    const precious = join(home.root, 'precious');
    mkdirSync(precious);
    writeFileSync(join(precious, 'file'), 'keep');
    const before = statSync(precious);
    // Links to what is not its own, deep folders, and names that are ways, all swapped while the agent works.
    inside(OWN, `cd ~; ln -s ${precious} link; ln -s ../../../../.. up; mkdir -p a/b; ln -s ${home.root} a/b/home; touch -- '-rf' '..file' "$(printf 'new\\nline')"; ln -s ${home.key} .ssh
      (while :; do rm -rf .tandem-canary swap; mkdir swap; ln -s ${precious} .tandem-canary; rm -rf swap; ln -s ${precious} swap; rm -rf .tandem-canary; done) >/dev/null 2>&1 </dev/null & disown; echo`);
    await leases.ssh({ lease: OWN, ...order });
    await grant(OWN, 'gpu-0');
    for (let turn = 0; turn < 3; turn += 1) await leases.list();
    expect(await leases.wipe({ lease: OWN, fence: '1' })).toMatchObject({ clean: true });
    expect(existsSync(pathsOf(home, OWN).folder)).toBe(false);
    expect([readdirSync(precious), readFileSync(join(precious, 'file'), 'utf8'), readFileSync(home.key, 'utf8')]).toEqual([['file'], 'keep', 'the key of the node']);
    expect([statSync(precious).uid, statSync(precious).mode]).toEqual([before.uid, before.mode]);
    expect(inside(OTHER, 'cat ~/secret').out).toBe('the secret of another\n');
  });

  it('names no path where an id is asked for', async () => {
    for (const lease of ['../../../etc', '..', `${OWN}/../${OTHER}`, `${OWN}\0`, OWN.toUpperCase(), '', '0192f0c1-7a00-7000-8000-00000000000a/']) {
      for (const ask of [leases.ssh({ lease, ...order }), leases.screen({ lease }), leases.end({ lease, fence: '1' }), leases.wipe({ lease, fence: '1' }), grant(lease, 'gpu-2')]) await expect(ask, lease).rejects.toMatchObject({ name: 'WireError' });
    }
    expect(readRecords(home).map(({ lease }) => lease).toSorted()).toEqual([OWN, OTHER]);
  });
});
