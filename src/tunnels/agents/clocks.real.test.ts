import { X509Certificate, createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { enrol } from '../../../agent/src/enrol/enrol.ts';
import { homeAt, readIdentity } from '../../../agent/src/state/home.ts';
import { canSetClocks, clockFrom } from '../../../agent/src/testing/stand-in-host.ts';
import { systemClock } from '../../base/index.ts';
import { openAgentsHouse, type AgentProcess, type AgentsHouse } from '../testing/agents-house.ts';

/** A wall clock that is ahead by more than a certificate is older than it says, and one that is ahead by more than a certificate lasts. */
const [AHEAD_MS, DAY_AHEAD_S] = [5_000_000, 90_000];
const HOUR_MS = 3_600_000;
if (!canSetClocks) console.log('No clocks of agents are set: there is no libfaketime (Debian: apt-get install faketime).');

let house: AgentsHouse;
let home: string;
let serverOffMs = 0;
let clockFile: string;
beforeAll(async () => {
  house = await openAgentsHouse({ clock: { ...systemClock, nowMs: () => Date.now() + serverOffMs } });
  home = join(house.folder, 'gpu-1');
  clockFile = join(house.folder, 'clock');
  const { token } = await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'gpu-1' });
  await enrol({ home, server: house.tunnels.address!, pin: house.tunnels.address!.pin, token, machine: null, platform: 'linux-x64', standIn: true });
}, 60_000);
beforeEach(() => aged(0));
afterAll(() => house[Symbol.asyncDispose]());

/** An agent whose wall clock is off by so many seconds. */
function agentOff(seconds: number): AgentProcess {
  writeFileSync(clockFile, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  return house.startAgent(home, clockFrom(clockFile));
}
const connected = () => house.until('connected', (node) => node.connected);
const renewals = (agent: AgentProcess): number => agent.log().split('the certificate was renewed').length - 1;
/** It is ended, and the server knows. */
async function end(agent: AgentProcess): Promise<void> {
  await agent.kill();
  await house.until('offline', (node) => !node.connected);
}
const shown = (): X509Certificate => new X509Certificate(readIdentity(homeAt(home)).certificate);
/** Its certificate as it is after so many hours. */
async function aged(hours: number): Promise<void> {
  const { node, key } = readIdentity(homeAt(home));
  const { certificate } = await house.tunnels.authorities.forNode(node.id, createPublicKey(key).export({ type: 'spki', format: 'der' }), Date.now() - hours * HOUR_MS);
  writeFileSync(homeAt(home).certificate, certificate);
}

describe('an agent comes back', () => {
  it.runIf(canSetClocks)('whatever its own clock says, and renews no certificate because of that', async () => {
    const before = shown().serialNumber;
    for (const off of [DAY_AHEAD_S, -DAY_AHEAD_S]) {
      const agent = agentOff(off);
      await connected();
      // The clock is set while it is connected.
      writeFileSync(clockFile, '+0\n');
      await house.until('told of', ({ inventory }) => 'cpu' in inventory);
      await end(agent);
      expect(renewals(agent), agent.log()).toBe(0);
    }
    expect(shown().serialNumber).toBe(before);
  });

  it('after a renewal by a server whose clock was ahead: the certificate is valid by the clock that all share', async () => {
    await aged(13);
    serverOffMs = AHEAD_MS;
    const agent = house.startAgent(home);
    await connected();
    await vi.waitUntil(() => renewals(agent) === 1, { timeout: 10_000 });
    await end(agent);
    serverOffMs = 0;
    const again = house.startAgent(home);
    await connected();
    expect([again.log().includes('not connected'), renewals(again)]).toEqual([false, 0]);
    await end(again);
  });

  it.each([['not valid yet', AHEAD_MS, 'CERT_NOT_YET_VALID'], ['over', -25 * HOUR_MS, 'CERT_HAS_EXPIRED']])('with the certificate before, where the one that it was given is %s once all clocks are right', async (_what, off, refused) => {
    await aged(13);
    const before = shown().serialNumber;
    const { authorities } = house.tunnels;
    const right = authorities.forNode.bind(authorities);
    const wrong = vi.spyOn(authorities, 'forNode').mockImplementation((id, key) => right(id, key, Date.now() + off));
    const agent = house.startAgent(home);
    await connected();
    await vi.waitUntil(() => renewals(agent) === 1, { timeout: 10_000 });
    await end(agent);
    expect(shown().serialNumber).not.toBe(before);
    wrong.mockRestore();
    const again = house.startAgent(home);
    await connected();
    expect(again.log()).toContain(`not valid (${refused})`);
    await vi.waitUntil(() => renewals(again) === 1, { timeout: 10_000 });
    expect(shown().validFromDate.getTime()).toBeLessThan(Date.now());
    expect(shown().validToDate.getTime()).toBeGreaterThan(Date.now() + 23 * HOUR_MS);
    await end(again);
  });
});
