import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunCommand } from '../../machine/command.ts';
import { realWait, type Outside } from '../../outside.ts';
import { homeAt, type Home } from '../../state/home.ts';
import { canSandbox } from '../../testing/can-sandbox.ts';
import { CardStandIn, noCardStandIn } from '../../testing/card-stand-in.ts';
import { insideArgs } from '../inside.ts';
import { Leases } from '../leases.ts';
import { pathsOf, readRecords } from '../record.ts';
import { readCanaries } from './canary.ts';
import { plantInCards } from './card-memory.ts';
import { leftBehind } from './left-behind.ts';
import type { WipeReport } from './reports.ts';
import { writableRoots } from './search.ts';

const A = '0192f0c1-7a00-7000-8000-0000000000a1';
const B = '0192f0c1-7a00-7000-8000-0000000000b1';
const SECRET = 'a tenant\'s secret 5d1f';
const outside: Outside = { nowMs: () => Date.now(), bootMs: () => uptime() * 1_000, random: () => 0.5, wait: realWait, log: () => {} };

let home: Home;
const book = (): Leases => new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 60_000, roots: [home.root] } });
const grant = (lease: string, fence: string) => ({ lease, fence, units: ['whole'], access: 'shell', boot: 'this-boot', untilUptimeMs: Math.floor(outside.bootMs() + 60_000) });
const report = async (leases: Leases, lease: string, fence: string): Promise<WipeReport> => (await leases.wipe({ lease, fence })) as unknown as WipeReport;

/** Runs something inside the sandbox of a lease, as its user. */
function inside(lease: string, script: string): string {
  const { uid } = readRecords(home).find((one) => one.lease === lease)!;
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((name) => {
    try {
      return lstatSync(`/proc/${name}`).uid === uid && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith('tandem-canary');
    } catch {
      return false;
    }
  });
  return spawnSync(...insideArgs({ pid: Number(pid), uid, groups: [] }, ['/bin/bash', '-c', script]), { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: '/home/tenant', SECRET } }).stdout;
}

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'tandem-wipe-')));
  chmodSync(home.root, 0o711);
});
afterEach(async () => {
  const leases = book();
  for (const { lease } of readRecords(home)) await leases.wipe({ lease, fence: '999999' });
  rmSync(home.root, { recursive: true, force: true });
});

describe.runIf(canSandbox)('a wipe (stand-in, not macOS)', () => {
  it('leaves the next lease nothing of what a user put in every place that it could reach', async () => {
    const leases = book();
    await leases.grant(grant(A, '1'));
    const { uid } = readRecords(home)[0]!;
    const left = inside(A, `
      for place in $(find / -xdev -type d -writable 2>/dev/null) /tmp /run /dev /dev/shm /dev/mqueue /var/tmp /home/tenant; do echo "$SECRET" > "$place/left" 2>/dev/null && echo "$place"; done
      mkdir -p ~/.ssh && echo "$SECRET" > ~/.ssh/id_ed25519; chmod 000 ~/.ssh/id_ed25519
      ipcmk -M 4096 > /dev/null 2>&1; (setsid sh -c "sleep 1000 # $SECRET" > /dev/null 2>&1 &)`);
    expect(left).toContain('/home/tenant');
    expect(left).toContain('/dev/shm');
    const said = await report(leases, A, '1');
    expect(said).toMatchObject({ clean: true, method: 'reset', canaries: { planted: expect.arrayContaining(['home', 'key file', '/tmp of the sandbox', 'shared memory of the sandbox', 'process', '/tmp', '/dev/shm']) as unknown, found: [] }, versions: { agent: '0.0.0' } });
    expect(said.evidence.join('\n')).toContain('none was found');
    expect(said.unchecked.join('\n')).toContain('not overwritten');
    expect(leftBehind(uid)).toEqual([]);
    await leases.grant(grant(B, '2'));
    expect(readRecords(home)[0]!.uid).toBe(uid);
    expect(inside(B, `grep -rsl "$SECRET" /home /tmp /run /dev/shm /var 2>/dev/null; find / -xdev -name left 2>/dev/null; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'slee[p] 1000'; ipcs -m 2>/dev/null | grep -c 4096 | grep -v '^0'`)).toBe('');
    // The answer was lost: asked again, it is the same.
    expect(await report(leases, A, '1')).toEqual(said);
  });

  it('is not clean while a canary is anywhere, whoever owns it', async () => {
    const leases = book();
    await leases.grant(grant(A, '1'));
    const { token } = readCanaries(pathsOf(home, A))!;
    const kept = mkdtempSync(join(tmpdir(), 'kept-'));
    try {
      writeFileSync(join(kept, 'backup'), `somebody else's copy of ${token}`);
      expect(await report(leases, A, '1')).toMatchObject({ clean: false, evidence: [`a canary is in ${kept}/backup still`], canaries: { found: [`a canary is in ${kept}/backup still`] } });
      await expect(leases.grant(grant(B, '2'))).rejects.toMatchObject({ code: 'not_wiped' });
    } finally {
      rmSync(kept, { recursive: true });
    }
    expect(await report(leases, A, '1')).toMatchObject({ clean: true });
  });

  it('removes what its user has outside of the sandbox and says so; what that user cannot remove is not clean', async () => {
    const leases = book();
    await leases.grant(grant(A, '1'));
    const { uid } = readRecords(home)[0]!;
    const escaped = join(tmpdir(), `escaped-${uid}`);
    writeFileSync(escaped, SECRET);
    chownSync(escaped, uid, uid);
    const hidden = join(home.root, 'hidden');
    writeFileSync(hidden, SECRET);
    chownSync(hidden, uid, uid);
    expect(await report(leases, A, '1')).toMatchObject({ clean: false, evidence: [`${hidden} is its user's still`] });
    expect(() => lstatSync(escaped)).toThrow('ENOENT');
    rmSync(hidden);
    writeFileSync(escaped, SECRET);
    chownSync(escaped, uid, uid);
    const said = await report(leases, A, '1');
    expect(said.clean).toBe(true);
    expect(said.evidence[0]).toBe('1 things of its user were removed from where all may write, outside of its sandbox');
  });

  it('is not clean while it did not come to the end of its look, and is when it has', async () => {
    const hasty = new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../../main.ts'), agentVersion: '0.0.0', wipes: { walkMs: 0, roots: [home.root] } });
    await hasty.grant(grant(A, '1'));
    const said = await report(hasty, A, '1');
    expect(said).toMatchObject({ clean: false, evidence: expect.arrayContaining([`looking over the file systems at ${home.root} was not finished after 0 s`, `looking for canaries in ${home.root} was not finished after 0 s`]) as unknown, canaries: { found: [] } });
    await expect(hasty.grant(grant(B, '2'))).rejects.toMatchObject({ code: 'not_wiped' });
    expect(await report(book(), A, '1')).toMatchObject({ clean: true, unchecked: expect.arrayContaining([`what is on the machine beside ${home.root}, which stands for its disk`]) as unknown });
  });

  it.skipIf(noCardStandIn !== undefined)('is not clean while a canary is in the memory of a card (stand-in, no GPU), and is when a reset has cleared it', async () => {
    const cuda = new CardStandIn(8 * 2 ** 20);
    try {
      let clears = false;
      const run: RunCommand = async (program, args, input, mostMs) => {
        if (program !== 'nvidia-smi') return cuda.run()(program, args, input, mostMs);
        if (clears && args.includes('--gpu-reset')) cuda.reset();
        return { code: 0, out: args.includes('-x') ? `<gpu id="0"><uuid>${cuda.uuid}</uuid><minor_number>0</minor_number></gpu>` : '', err: '' };
      };
      const leases = new Leases({ home, boot: 'this-boot', outside, program: join(import.meta.dirname, '../../main.ts'), agentVersion: '0.0.0', run, wipes: { walkMs: 60_000, roots: [home.root], run } });
      await leases.grant({ ...grant(A, '1'), units: ['gpu-0'], devices: [{ unit: 'gpu-0', vendor: 'nvidia', uuid: cuda.uuid, mig: null }] });
      const canaries = readCanaries(pathsOf(home, A))!;
      // The keeper asked the machine's own driver, which has no such card.
      expect(canaries.cards).toEqual([{ id: cuda.uuid, unit: 'gpu-0', bytes: 0, why: expect.stringMatching(/^libcuda.so.1 is not there$|answered|another number/) as unknown }]);
      const cards = await plantInCards(readRecords(home)[0]!.devices, canaries.token, canaries.cards!, cuda.run());
      writeFileSync(join(pathsOf(home, A).folder, 'canaries.json'), JSON.stringify({ ...canaries, cards }));
      const left = `a canary is in the memory of gpu-0 (${cuda.uuid}) still: 8192 KiB of it, looked at 8 of 8 MiB that are free`;
      expect(await report(leases, A, '1')).toMatchObject({ clean: false, evidence: [left], canaries: { planted: expect.arrayContaining(['home', 'memory of gpu-0']) as unknown, found: [left] } });
      await expect(leases.grant({ ...grant(B, '2'), units: ['gpu-0'] })).rejects.toMatchObject({ code: 'not_wiped' });
      clears = true;
      expect(await report(leases, A, '1')).toMatchObject({ clean: true, evidence: expect.arrayContaining([expect.stringContaining('looked at 8 of 8 MiB that are free: no canary')]) as unknown });
    } finally {
      cuda.remove();
    }
  });

  it('follows no link that a user leaves', async () => {
    const leases = book();
    const precious = mkdtempSync(join(tmpdir(), 'precious-'));
    try {
      writeFileSync(join(precious, 'file'), 'somebody else\'s');
      await leases.grant(grant(A, '1'));
      inside(A, `ln -s ${precious} ~/link; ln -s / ~/root; mv ~/.tandem-canary ~/moved; ln -s ${precious} ~/.tandem-canary`);
      expect(await report(leases, A, '1')).toMatchObject({ clean: true });
      expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('somebody else\'s');
    } finally {
      execFileSync('rm', ['-rf', precious]);
    }
  });
});

it('local file systems that can be written are looked over, each once', () => {
  const mountinfo = [
    '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw', '23 22 0:21 / /proc rw - proc proc rw', '24 22 0:5 / /dev rw - devtmpfs devtmpfs rw', '25 24 0:22 / /dev/shm rw - tmpfs tmpfs rw',
    '26 22 254:0 /srv /mnt/bind rw - ext4 /dev/vda rw', '27 22 254:16 / /mnt/my\\040disk rw shared:1 - xfs /dev/vdb rw', '28 22 254:16 / /mnt/again/and/again rw - xfs /dev/vdb rw',
    '33 24 0:99 / /dev/shm rw - tmpfs tmpfs rw', '29 22 0:40 / /mnt/net rw - nfs4 host:/x rw', '30 22 254:32 / /boot ro - ext4 /dev/vdc rw', '31 22 254:33 / /media rw - ext4 /dev/vdd ro', '',
  ].join('\n');
  expect(writableRoots(mountinfo)).toEqual(['/', '/dev/shm', '/mnt/my disk']);
});
