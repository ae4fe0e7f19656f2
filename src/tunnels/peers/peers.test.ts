import { cpSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homeAt, readIdentity } from '../../../agent/src/state/home.ts';
import { readHello, sendHello } from '../../../agent/src/wire/index.ts';
import type { Tunnels } from '../index.ts';
import { openAgentsHouse, type AgentsHouse } from '../testing/agents-house.ts';

let house: AgentsHouse;
let other: Tunnels;
let home: string;
let nodeId: string;
beforeEach(async () => {
  house = await openAgentsHouse();
  other = await house.secondTunnels();
  home = join(house.folder, 'gpu-1');
  const { line } = await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'gpu-1' });
  const { code, output } = await house.paste(line, home);
  expect(code, output).toBe(0);
  house.startAgent(home);
  nodeId = (await house.until('ready', ({ state }) => state === 'ready')).id;
});
afterEach(() => house[Symbol.asyncDispose]());

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries === 400) throw new Error(`never: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
};

describe('two server processes and one node (stand-in, not macOS)', () => {
  it('a question and a stream reach the agent from the process that it is not connected to, and so does its refusal', async () => {
    await until('the other process knows where the node is', () => other.link.isConnected(nodeId));
    expect(await other.link.ask(nodeId, 'doctor', {})).toMatchObject({ checks: expect.arrayContaining([expect.objectContaining({ id: 'disk' })]) });
    await expect(other.link.ask(nodeId, 'lease.end', { lease: 'no lease' })).rejects.toMatchObject({ code: 'node_refused' });
    const stream = await other.link.open(nodeId, 'ssh', { lease: '0193e0a0-0000-7000-8000-000000000001' });
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error.message).toContain('not_running');
    await expect(other.link.ask('0193e0a0-0000-7000-8000-000000000001', 'doctor', {})).rejects.toMatchObject({ code: 'node_unreachable' });
  });

  it('tells who listens when the node comes and goes at another process', async () => {
    await until('known', () => other.link.isConnected(nodeId));
    const told: boolean[] = [];
    other.link.onChange((id, connected) => {
      if (id === nodeId) told.push(connected);
    });
    await house.tunnels.stop();
    await until('gone', () => !other.link.isConnected(nodeId));
    expect(told).toEqual([false]);
    await expect(other.link.ask(nodeId, 'doctor', {})).rejects.toMatchObject({ code: 'node_unreachable' });
  });

  it('a copy of the key that is used at another process quarantines the node', async () => {
    const copy = join(house.folder, 'copy');
    cpSync(home, copy, { recursive: true });
    const { key, certificate, roots } = readIdentity(homeAt(copy));
    const { host, port } = other.address!;
    const socket = connect({ host, port, servername: 'agents.tandem', ALPNProtocols: ['tandem-agent'], key, cert: certificate, ca: [...roots] });
    await once(socket, 'secureConnect');
    sendHello(socket, { versions: { least: 1, most: 1 }, agentVersion: '0.1.0', instance: 'another start', attempt: 1, boot: 'b' });
    await expect(readHello(socket, AbortSignal.timeout(20_000))).rejects.toMatchObject({ code: 'quarantined' });
    await house.until('quarantined', ({ state }) => state === 'quarantined');
  });

  it('lets in no node, and nobody without a key, as another process', async () => {
    const { key, certificate, roots } = readIdentity(homeAt(home));
    const { host, port } = other.address!;
    for (const shown of [{ key, cert: certificate, ca: [...roots] }, { rejectUnauthorized: false }]) {
      const socket = connect({ host, port, servername: 'agents.tandem', ALPNProtocols: ['tandem-server'], ...shown });
      await once(socket, 'secureConnect');
      sendHello(socket, { versions: { least: 1, most: 1 } });
      await expect(readHello(socket, AbortSignal.timeout(20_000))).rejects.toMatchObject({ code: 'no_identity' });
    }
  });
});
