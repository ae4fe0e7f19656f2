import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { canSandbox } from '../../../agent/src/testing/can-sandbox.ts';
import { newId } from '../../base/index.ts';
import { openAgentsHouse, type AgentProcess, type AgentsHouse } from '../testing/agents-house.ts';

describe.runIf(canSandbox)('leases on a real agent, asked over its connection (stand-in, not macOS)', () => {
  let house: AgentsHouse;
  let agent: AgentProcess;
  let nodeId: string;
  let home: string;
  const ask = async (command: 'lease.list' | 'lease.grant' | 'lease.end' | 'lease.wipe', params: object = {}): Promise<Record<string, unknown>> => (await house.tunnels.link.ask(nodeId, command, { ...params })) as Record<string, unknown>;
  const grant = async (lease: string, fence: string, forMs: number): Promise<unknown> => {
    const { boot, uptimeMs } = await ask('lease.list');
    return ask('lease.grant', { lease, fence, units: ['whole'], access: 'shell', boot, untilUptimeMs: Math.floor(Number(uptimeMs) + forMs) });
  };
  const running = async (): Promise<string[]> => ((await ask('lease.list'))['leases'] as { lease: string }[]).map(({ lease }) => lease);

  beforeAll(async () => {
    house = await openAgentsHouse();
    home = join(house.folder, 'node');
    const { code, output } = await house.paste((await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'mac-1' })).line, home);
    expect(code, output).toBe(0);
    agent = house.startAgent(home);
    nodeId = (await house.until('ready', ({ state }) => state === 'ready')).id;
  }, 120_000);
  afterAll(() => house?.[Symbol.asyncDispose]());

  it('outlive a kill of the agent, are adopted by the next one, and end by their time without any', async () => {
    const lease = newId();
    await grant(lease, '10', 600_000);
    await agent.kill();
    agent = house.startAgent(home);
    await house.until('back', () => house.tunnels.link.isConnected(nodeId));
    expect(await running()).toEqual([lease]);
    await grant(lease, '10', 3_000);
    await agent.kill();
    // Its keeper takes its socket away when nothing of the lease runs any more.
    await vi.waitFor(() => expect(existsSync(join(home, 'leases', lease, 'keeper.sock'))).toBe(false), { timeout: 30_000 });
    agent = house.startAgent(home);
    await house.until('back', () => house.tunnels.link.isConnected(nodeId));
    expect(await running()).toEqual([]);
    await expect(grant(newId(), '11', 60_000)).rejects.toMatchObject({ code: 'node_refused' });
    expect(await ask('lease.wipe', { lease, fence: '10' })).toMatchObject({ clean: true });
  });

  it('go on while the server is away, and are found by the next one', async () => {
    const lease = newId();
    await grant(lease, '20', 600_000);
    await house.restart(join(import.meta.dirname, '../../../agent'));
    await house.until('back', () => house.tunnels.link.isConnected(nodeId));
    expect(await running()).toEqual([lease]);
    await ask('lease.end', { lease, fence: '20' });
    expect(await running()).toEqual([]);
    await expect(ask('lease.grant', { lease: '../../../etc', fence: '21', units: ['whole'], access: 'shell', boot: 'x', untilUptimeMs: 1 })).rejects.toMatchObject({ code: 'node_refused' });
    expect(await ask('lease.wipe', { lease, fence: '20' })).toMatchObject({ clean: true });
  });
});
