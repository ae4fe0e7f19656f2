import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAgentsHouse, type AgentsHouse } from '../testing/agents-house.ts';

let house: AgentsHouse;
beforeEach(async () => {
  house = await openAgentsHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const addLine = async (name: string | null = null): Promise<string> => (await house.fleet.enrolments.create(house.admin, { pool: 'default', name })).line;
const enrolled = async (name: string): Promise<string> => {
  const home = join(house.folder, name);
  const { code, output } = await house.paste(await addLine(name), home);
  expect(code, output).toBe(0);
  return home;
};

describe('a machine (stand-in, not macOS)', () => {
  it('becomes a node by one pasted line, connects by itself, and comes back after a crash', async () => {
    const home = join(house.folder, 'gpu-1');
    const pasted = await house.paste(await addLine('gpu-1'), home);
    expect(pasted.code, pasted.output).toBe(0);
    expect(pasted.output).toContain('This machine is the node gpu-1.');
    expect(statSync(join(home, 'identity/key.pem')).mode & 0o777).toBe(0o600);
    expect(await house.until('new', ({ state }) => state === 'new')).toMatchObject({ name: 'gpu-1', standIn: true, connected: false, approved: null });

    const agent = house.startAgent(home);
    const node = await house.until('ready', ({ state, inventory }) => state === 'ready' && 'cpu' in inventory);
    expect(node).toMatchObject({ connected: true, platform: `linux-${process.arch}`, agentVersion: '0.1.0' });
    expect(node.inventory).toMatchObject({ hostname: expect.any(String), memoryBytes: expect.any(Number), standIn: true });
    expect(house.tunnels.link.isConnected(node.id)).toBe(true);
    expect((await house.fleet.nodes.doctor(house.admin, node.id)).checks.map(({ id }) => id)).toContain('disk');
    expect(await house.fleet.nodes.approve(house.admin, node.id)).toMatchObject({ approved: { by: house.admin.actor.label }, changed: [] });

    // A second line pasted there changes nothing, and its token is still good for another machine.
    const second = await addLine('gpu-2');
    const again = await house.paste(second, home);
    expect([again.code, again.output]).toEqual([1, expect.stringContaining('this machine is the node gpu-1 already')]);
    expect((await house.paste(second, join(house.folder, 'gpu-2'))).output).toContain('This machine is the node gpu-2.');
    expect(house.tunnels.link.isConnected(node.id)).toBe(true);

    await agent.kill();
    await house.until('offline', ({ connected }) => !connected);
    await expect(house.fleet.nodes.doctor(house.admin, node.id)).rejects.toMatchObject({ code: 'node_unreachable' });
    house.startAgent(home);
    await house.until('back', ({ connected }) => connected);
    const { events } = await house.fleet.nodes.show(house.admin, node.id);
    expect(events.map(({ kind }) => kind).filter((kind) => kind !== 'health').toReversed()).toEqual(['enrolled', 'connected', 'approved', 'disconnected', 'connected']);
  });

  it('is refused with a token that was used, has another form, or comes too late, and the pin is checked before anything runs', async () => {
    const line = await addLine();
    const both = await Promise.all([house.paste(line, join(house.folder, 'a')), house.paste(line, join(house.folder, 'b'))]);
    expect(both.map(({ code }) => code).toSorted(), both.map(({ output }) => output).join('\n')).toEqual([0, 1]);
    expect(both.map(({ output }) => output).join('\n')).toContain('The enrolment token is not valid');
    expect((await house.fleet.nodes.list(house.admin)).items).toHaveLength(1);
    await house.access.refusalsWritten();
    const trail = await house.access.audit.list(house.admin, { limit: 20 });
    expect(trail.items.map(({ action }) => action)).toEqual(expect.arrayContaining(['node.add', 'node.enrol', 'node.enrol.refuse']));

    const wrongPin = (await addLine()).replace(/sha256\/\/[^ ]+/, `sha256//${Buffer.alloc(32).toString('base64')}`);
    const refused = await house.paste(wrongPin, join(house.folder, 'c'));
    expect([refused.code === 0, existsSync(join(house.folder, 'c', 'versions'))]).toEqual([false, false]);
    const late = await addLine();
    await house.database.unscoped('a test').updateTable('node_enrolments').set({ expires_at: new Date(0) as never }).execute();
    expect((await house.paste(late, join(house.folder, 'd'))).output).toContain('The enrolment token is not valid');
  });

  it('has its identity once: a copy of its key quarantines both', async () => {
    const home = await enrolled('gpu-1');
    const copy = join(house.folder, 'copy');
    cpSync(home, copy, { recursive: true });
    house.startAgent(home);
    const node = await house.until('connected', ({ connected }) => connected);
    const thief = house.startAgent(copy);
    const caught = await house.until('quarantined', ({ state }) => state === 'quarantined');
    expect(caught).toMatchObject({ connected: false, quarantine: { reason: 'two live connections with one identity' } });
    expect(house.tunnels.link.isConnected(node.id)).toBe(false);
    await house.until('refused', () => thief.log().includes('two live connections'));
    await expect(house.fleet.nodes.approve(house.admin, node.id)).rejects.toMatchObject({ code: 'node_ended' });
  });

  it('comes back by itself, soon after its machine is let out of quarantine', async () => {
    const home = await enrolled('gpu-1');
    const set = (row: object) => house.database.unscoped('a test').updateTable('nodes').set(row).execute();
    await set({ quarantined_at: new Date(), quarantine_reason: 'its wipe was not clean' });
    const agent = house.startAgent(home);
    await house.until('refused', () => agent.log().includes('the node is quarantined'));
    await set({ quarantined_at: null, quarantine_reason: null });
    await house.until('connected', ({ connected }) => connected);
  });

  it('is cut off at once when it is removed, and its key is worth nothing then', async () => {
    const home = await enrolled('gpu-1');
    const agent = house.startAgent(home);
    const node = await house.until('connected', ({ connected }) => connected);
    await house.fleet.nodes.remove(house.admin, node.id);
    for (let tries = 0; tries < 200 && house.tunnels.link.isConnected(node.id); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect(house.tunnels.link.isConnected(node.id)).toBe(false);
    await agent.kill();
    const again = house.startAgent(home);
    for (let tries = 0; tries < 200 && !again.log().includes('removed'); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(again.log()).toContain('the node was removed: add the machine again');
  });

  it('is left behind by no change of roots: who was away meanwhile comes back, who has the new one goes on, and the old one stays until nobody needs it', async () => {
    const identityOf = (home: string) => JSON.parse(readFileSync(join(home, 'identity/identity.json'), 'utf8')) as { server: { port: number }; roots: string[] };
    const { roots } = house.tunnels;
    const away = await enrolled('gpu-1');
    const before = await house.secondTunnels();
    expect((await roots.replace(house.admin)).waiting).toBe(1);
    // The machine knows the old root alone. A process that starts now and one that was there already have both.
    const second = await house.secondTunnels();
    for (let tries = 0; tries < 200 && before.authorities.roots().length < 2; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect([identityOf(away).roots.length, before.authorities.roots().length]).toEqual([1, 2]);
    writeFileSync(join(away, 'identity/identity.json'), JSON.stringify({ ...identityOf(away), server: { host: '127.0.0.1', port: second.address!.port } }));
    house.startAgent(away);
    const { id } = await house.until('connected', ({ connected }) => connected);
    await house.until('told of both roots', () => identityOf(away).roots.length === 2);
    const home = await enrolled('gpu-2');
    const agent = house.startAgent(home);
    const other = (await house.fleet.nodes.list(house.admin)).items.find(({ name }) => name === 'gpu-2')!.id;
    await house.until('connected with a certificate by the new root', ({ connected }) => connected, other);
    await expect(roots.retire(house.admin)).rejects.toMatchObject({ code: 'root_rotation', message: expect.stringContaining('still valid: 1') });
    await house.fleet.nodes.remove(house.admin, id);
    expect((await roots.retire(house.admin)).roots).toHaveLength(1);
    await agent.kill();
    for (let tries = 0; tries < 200 && house.tunnels.link.isConnected(other); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    house.startAgent(home);
    await house.until('connected under the new root alone', ({ connected }) => connected && identityOf(home).roots.length === 1, other);
  });
});
