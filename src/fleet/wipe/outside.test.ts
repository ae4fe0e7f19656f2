import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import { NanoMdm } from '../mdm/nanomdm.ts';
import { readMdm } from '../mdm/settings.ts';
import { ProviderClient } from '../providers/provider-client.ts';
import { leasable, newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { agentReset } from './method.ts';
import { OutsideWipes, type OutsideOptions } from './outside.ts';
import { Wipes } from './wipes.ts';

const HOUR = 3_600_000;
const NODE = '0192f0c1-7a00-7000-8000-00000000000a';
const SERIAL = 'C07STANDIN1';
const DEVICE = '299BD490-1A0C-422C-B285-2E4FF087C673';

let house: LeaseHouse;
let retired: string[];
let nodes = 0;
beforeEach(async () => {
  house = await openLeaseHouse([NODE]);
  house.views[0] = leasable({ id: NODE, kind: 'mac', rawRoot: true, openTo: null }, { leastDay: 'always' });
  retired = [];
  await node(NODE, 'mac-hash');
});
afterEach(() => house[Symbol.asyncDispose]());

const all = () => house.database.unscoped('a test');
async function node(id: string, machine: string, serial = SERIAL): Promise<void> {
  const at = new Date(house.clock.nowMs());
  const inventory = JSON.stringify({ apple: { serial } });
  nodes += 1;
  await all().insertInto('nodes').values({ id, organisation_id: house.organisationId, name: `mac-${nodes}`, pool: 'macs', identity: Buffer.from(id), machine, platform: 'darwin-arm64', created_at: at, usable_at: at, inventory, approved_inventory: inventory, approved_at: at, health_reasons: '[]' } as never).execute();
}
function use(more: Partial<OutsideOptions>): OutsideWipes {
  const outside = new OutsideWipes({
    database: house.database, clock: house.clock, newId, access: house.access, providers: new Map([['paris', { traits: { ordersOnce: true, reinstalls: true } }]]), mdm: null, ownMachine: null,
    retire: async (id) => (retired.push(id), null), ...more,
  });
  const { signer } = { signer: { sign: async () => ({ keyId: 'k', certificate: 'c' }), keys: async () => [] } };
  Object.assign(house.context, { wipes: new Wipes({ clock: house.clock, newId, methods: [agentReset(house.machines), ...outside.methods()], signer, version: '0.0.0' }) });
  house.restart();
  return outside;
}
async function order(): Promise<string> {
  const id = newId();
  await all().insertInto('provider_orders').values({ organisation_id: house.organisationId, id, request_key: id, provider: 'paris', offer: 'M4-M', ordered_by: 'ada', ceiling: '1', currency: 'EUR', per_hour: '1', minimum_ms: 0, period_ms: HOUR, observed: 'ready', machine_id: 'm', pool: 'macs', node_id: NODE, arrived_turn: 0, next_at: new Date(house.clock.nowMs()), created_at: new Date(house.clock.nowMs()) } as never).execute();
  return id;
}
async function withRoot(): Promise<string> {
  const { id } = await house.leases.create(house.admin, newLease({ kind: 'mac', gpus: null, access: 'root', minutes: 24 * 60 }));
  await house.pass(3_000);
  expect((await house.leases.show(house.admin, id)).lease.state).toBe('running');
  await house.leases.end(house.admin, id);
  await house.pass(3_000);
  return id;
}
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;

describe('a machine that somebody was root on', () => {
  it('is reinstalled by its provider, is another node then, and stays with its tenant until its day is over', async () => {
    const id = await order();
    const outside = use({});
    const rows = await all().selectFrom('nodes').selectAll().execute();
    expect([...(await outside.reinstallable(rows, all()))]).toEqual([NODE]);
    const lease = await withRoot();
    expect(await show(lease)).toMatchObject({ state: 'wiping' });
    expect(await all().selectFrom('provider_orders').select('reinstall').where('id', '=', id).executeTakeFirst()).toEqual({ reinstall: true });
    // The agent's word counts for nothing after root, and the machine may be out of reach.
    house.machines.link(NODE, 'deaf');
    await house.pass(60_000, 20_000);
    expect(await show(lease)).toMatchObject({ state: 'wiping' });

    const after = newId();
    await node(after, 'mac-hash');
    await all().updateTable('provider_orders').set({ turn: 1, arrived_turn: 1, node_id: after }).where('id', '=', id).execute();
    await house.pass(60_000, 20_000);
    expect(await show(lease)).toMatchObject({ state: 'ended', machines: [expect.objectContaining({ stage: 'wiped' })] });
    expect((await house.wipes.ofLease(house.admin, lease)).items[0]).toMatchObject({ by: 'provider', method: 'reinstall', clean: true });
    expect(await all().selectFrom('kept_machines').select('machine_id').execute()).toEqual([{ machine_id: after }]);
  });

  it('that is not a node again in time goes to nobody', async () => {
    await order();
    use({});
    const lease = await withRoot();
    await house.pass(7 * HOUR, HOUR);
    expect(await show(lease)).toMatchObject({ state: 'ended', machines: [expect.objectContaining({ stage: 'failed' })] });
    expect(house.quarantined).toEqual([NODE]);
    expect((await house.wipes.ofLease(house.admin, lease)).items[0]).toMatchObject({ clean: false, evidence: [expect.stringContaining('was not a node again by')] });
  });

  it('is erased by MDM with one command, whatever fails on the way, and free when the same Mac enrols with a new identity', async () => {
    const sent: string[] = [];
    const outside = use({
      mdm: { devices: new Map([[SERIAL, DEVICE]]), server: { erase: async (device, command) => {
        sent.push(`${device} ${command}`);
        if (sent.length === 1) throw new Error('the MDM server is down');
      } } },
    });
    expect([...(await outside.reinstallable(await all().selectFrom('nodes').selectAll().execute(), all()))]).toEqual([NODE]);
    const lease = await withRoot();
    await house.pass(60_000, 10_000);
    expect([sent.length, new Set(sent).size, sent[0]!.startsWith(DEVICE)]).toEqual([2, 1, true]);
    expect(retired[0]).toBe(NODE);
    // Another Mac with the same owner proves nothing, nor does one that was there before.
    await node(newId(), 'another-hash', 'C07OTHER');
    await house.pass(60_000, 10_000);
    expect(await show(lease)).toMatchObject({ state: 'wiping' });
    const after = newId();
    await node(after, 'mac-hash');
    await house.pass(60_000, 10_000);
    expect(await show(lease)).toMatchObject({ state: 'ended' });
    expect((await house.wipes.ofLease(house.admin, lease)).items[0]).toMatchObject({ by: 'mdm', method: 'erase', clean: true, unchecked: expect.arrayContaining(['the Mac\'s own answer to the command']) });
  });

  it('is never the one that the server runs on, nor one whose serial number nobody approved', async () => {
    const mdm = { devices: new Map([[SERIAL, DEVICE]]), server: { erase: async () => {} } };
    const rows = await all().selectFrom('nodes').selectAll().execute();
    expect((await use({ mdm, ownMachine: 'mac-hash' }).reinstallable(rows, all())).size).toBe(0);
    expect((await use({ mdm }).reinstallable(rows.map((row) => ({ ...row, approved_inventory: null })), all())).size).toBe(0);
    expect((await use({ mdm: null }).reinstallable(rows, all())).size).toBe(0);
  });
});

describe('NanoMDM\'s API, a stand-in from its documentation', () => {
  it('is asked as documented; what it does not take is told without its key', async () => {
    const seen: { url: string; method: string; authorization: string; body: string }[] = [];
    let answer = { status: 200, body: JSON.stringify({ command_uuid: 'c', request_type: 'EraseDevice', status: { [DEVICE]: { push_result: '6E14E52F' } } }) };
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      let body = '';
      request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
      request.on('end', () => {
        seen.push({ url: request.url!, method: request.method!, authorization: request.headers.authorization ?? '', body });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const policy = readEgressPolicy({ allow: ['127.0.0.1'] });
    const client = new ProviderClient({ clock: house.clock, policy });
    try {
      const settings = readMdm({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, key: 'secret-key', devices: { [SERIAL]: DEVICE } }, '/', {}, policy)!;
      const mdm = new NanoMdm(settings, client);
      await mdm.erase(DEVICE, 'fedd659e-fc3c-4e35-8bb1-c8f51ae542a5');
      expect(seen[0]).toMatchObject({ method: 'PUT', url: `/v1/enqueue/${DEVICE}`, authorization: `Basic ${Buffer.from('nanomdm:secret-key').toString('base64')}` });
      for (const part of ['<string>EraseDevice</string>', '<string>DoNotObliterate</string>', '<string>fedd659e-fc3c-4e35-8bb1-c8f51ae542a5</string>']) expect(seen[0]!.body).toContain(part);
      for (const [status, body, reason] of [
        [401, '', 'it refuses the key'], [500, JSON.stringify({ command_error: 'storage is full' }), 'storage is full'], [207, JSON.stringify({ status: { [DEVICE]: { push_error: 'no push token' } } }), 'no push token'], [200, 'hello', 'it answered no JSON'],
      ] as const) {
        answer = { status, body };
        const error = await mdm.erase(DEVICE, 'c').catch((caught: Error) => caught);
        expect(error).toMatchObject({ code: 'mdm_failed', message: expect.stringContaining(reason) });
        expect(String((error as Error).message)).not.toContain('secret-key');
      }
      expect(() => readMdm({ url: 'http://10.1.2.3', key: 'k', devices: {} }, '/', {}, readEgressPolicy(undefined))).toThrow('mdm.url');
      expect(() => readMdm({ url: 'https://mdm.example.com', devices: {} }, '/', {}, policy)).toThrow('key, keyFile and keyEnv');
    } finally {
      await client.close();
      server.close();
      server.closeAllConnections();
    }
  });
});
