import { afterAll, expect, test } from 'vitest';
import { canSandbox } from '../../agent/src/testing/can-sandbox.ts';
import { canSetClocks, noStandInHosts } from '../../agent/src/testing/stand-in-host.ts';
import { allUsage, api, posted } from '../acceptance/support/api.ts';
import { stopEverything } from '../acceptance/support/program.ts';
import { wrongBill, type LeaseCharge, type LeaseHappening } from './chaos/books.ts';
import { ChaosHouse } from './chaos/house.ts';
import { storm } from './chaos/storm.ts';
import { Tenants, type LeaseSeen } from './chaos/tenants.ts';
import { Witness, remains } from './chaos/witness.ts';

/*
 * A server with its database, agents on hosts of their own, tenants who lease all the time: real processes, of which some are killed, cut off,
 * frozen or have their clocks set every few seconds. Faults and tenants follow one seed, as far as a machine lets one repeat a run; `CHAOS_SEED=random`
 * takes another, `CHAOS_STEPS`, `CHAOS_SERVERS` and `CHAOS_KINDS` (kinds of faults, with commas between) change the rest.
 */
const SEED = process.env['CHAOS_SEED'] === 'random' ? Math.floor(Math.random() * 1e9) : Number(process.env['CHAOS_SEED'] ?? 545_577_929);
const STEPS = Number(process.env['CHAOS_STEPS'] ?? 50);
const SERVERS = Number(process.env['CHAOS_SERVERS'] ?? 2);
const KINDS = process.env['CHAOS_KINDS']?.split(',');
const HOSTS = ['mac-1', 'gpu-1', 'gpu-2'];
const LOOK_MS = 400;
/** What takes longer than this says that the machine is busy, or that a server is not well. */
const SLOW_MS = 1_000;
/** A lease on a machine that nobody reaches counts as stopped a minute after its last possible end, three minutes away and more. */
const SETTLE_MS = 400_000;

interface NodeSeen {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly connected: boolean;
  readonly quarantine: { readonly reason: string } | null;
}

const cannot = noStandInHosts ?? (canSandbox ? undefined : 'leases need bubblewrap, nsenter and OpenSSH\'s server');
if (cannot !== undefined) console.log(`The run with real processes is left out: ${cannot}.`);
else if (!canSetClocks) console.log('No clocks are set: there is no libfaketime (Debian: apt-get install faketime).');

let house: ChaosHouse | undefined;
let over = false;
afterAll(async () => {
  over = true;
  await house?.close();
  stopEverything();
}, 120_000);

test.runIf(cannot === undefined)(`whatever fails, there are never two holders, no lost machine, no wrong bill, and every wipe is done (${STEPS} faults; hosts are stand-ins, not macOS)`, async () => {
  house = new ChaosHouse();
  await house.open(HOSTS, SERVERS);
  const nodes = (): Promise<NodeSeen[]> => api<{ items: NodeSeen[] }>(house!.program(), 'GET', '/api/nodes').then(({ items }) => items);
  await until('all hosts are ready', nodes, (list) => list.length === HOSTS.length && list.every(({ state }) => state === 'ready'));
  // A price begins some seconds after it was made; until then a stand-in for a Mac costs nothing.
  await until('machines have their price', () => api<{ cost: string | null }>(house!.program(), 'POST', '/api/leases/quote', { kind: 'mac', minutes: 60 }), ({ cost }) => cost !== null && cost !== '0');
  const nodeIds = (await nodes()).toSorted((a, b) => HOSTS.indexOf(a.name) - HOSTS.indexOf(b.name)).map(({ id }) => id);
  const tenants = new Tenants(house, SEED);
  const witness = new Witness(house, tenants, nodeIds);
  let seen: LeaseSeen[] = [];
  const everywhere = HOSTS.map((_, index) => index);
  let lookedMs = Date.now();
  const looking = loop(LOOK_MS, async () => {
    // A machine that is too busy for us is too busy for the server and the agents, which are on it as well.
    if (Date.now() - lookedMs > LOOK_MS + SLOW_MS) house!.watchTrouble(everywhere);
    lookedMs = Date.now();
    witness.look();
  });
  const asking = loop(1_000, async () => {
    const fromMs = Date.now();
    try {
      const list = await nodes();
      seen = await leases(house!);
      house!.watchTrouble(nodeIds.flatMap((id, index) => (list.find((node) => node.id === id)?.connected === true ? [] : [index])));
      if (Date.now() - fromMs > SLOW_MS) house!.watchTrouble(everywhere);
      witness.hold(seen);
    } catch {
      house!.watchTrouble(everywhere);
    }
  });
  let calm = false;
  const acting = loop(300, async () => (calm ? undefined : tenants.act(seen)));

  for (const { after, fault } of storm(SEED, STEPS, HOSTS.length, canSetClocks, KINDS)) {
    await new Promise((resolve) => { setTimeout(resolve, after * 1_000); });
    await house.do(fault);
  }
  await house.healed();
  house.note('nothing is wrong any more');
  calm = true;
  await tenants.endAll(await leases(house));
  const last = await until('every host is ready or quarantined', nodes, (list) => list.every(({ state }) => state === 'ready' || state === 'quarantined'));
  // What a quarantined machine has left is nobody's until a person removes it, and then leases wait for it no longer.
  for (const { id, state } of last) if (state === 'quarantined') await until('it is removed', async () => {
    await tenants.endAll(await leases(house!));
    return api(house!.program(), 'DELETE', `/api/nodes/${id}`).then(() => true);
  }, (done) => done);
  await until('every lease is ended', async () => {
    await tenants.endAll(await leases(house!));
    return leases(house!);
  }, (list) => list.every(({ state }) => state === 'ended'));
  over = true;
  await Promise.all([looking, asking, acting]);
  witness.look();
  witness.hold(await leases(house));

  const all = await leases(house);
  const wrong = [...witness.faults, ...house.ends];
  for (const { name, state, quarantine } of last) if (state === 'quarantined' && (quarantine?.reason ?? '') === '') wrong.push(`${name} is quarantined without a reason`);
  for (const [index, host] of house.hosts.entries()) if (last.find(({ id }) => id === nodeIds[index])?.state === 'ready') wrong.push(...remains(host).map((left) => `${host.name} still has ${left}`));
  for (const lease of all) for (const { stage } of lease.machines) if (stage !== 'wiped' && stage !== 'failed') wrong.push(`lease ${lease.id} is ended, and a machine of it is ${stage}`);
  await posted(house.program());
  const charges = Map.groupBy((await allUsage(house.program())) as unknown as LeaseCharge[], ({ attributes }) => String(attributes['lease']));
  for (const lease of all) {
    const { events } = await api<{ events: LeaseHappening[] }>(house.program(), 'GET', `/api/leases/${lease.id}`);
    wrong.push(...wrongBill(lease, events, charges.get(lease.id) ?? [], (resource) => (resource.startsWith('gpu') ? 2_000_000_000_003n : 700_000_000_001n)));
  }
  const verified = await api<{ ok: boolean; difference: string; firstFault: string | null }>(house.program(), 'GET', '/api/bill/verify');
  if (!verified.ok || verified.difference !== '0') wrong.push(`bill --verify: difference ${verified.difference}, ${verified.firstFault ?? ''}`);

  console.log(`seed ${SEED}, ${STEPS} faults, ${SERVERS} servers: ${all.length} leases, of which ${all.filter(({ startedAt }) => startedAt !== null).length} ran; ${witness.samples} looks at hosts; ${JSON.stringify(tenants.counts)}; longest after an end ${(witness.longestMs / 1_000).toFixed(1)} s; hosts ${last.map(({ name, state, quarantine }) => `${name} ${state}${quarantine === null ? '' : ` (${quarantine.reason})`}`).join(', ')}; ${[...charges.values()].flat().length} events, difference ${verified.difference}`);
  if (wrong.length > 0 || process.env['CHAOS_LOG'] !== undefined) console.log(`${house.log.join('\n')}\n${house.lastWords()}`);
  expect(wrong, `seed ${SEED}`).toEqual([]);
}, 1_200_000);

function leases(house: ChaosHouse): Promise<LeaseSeen[]> {
  return api<{ items: LeaseSeen[] }>(house.program(), 'GET', '/api/leases?limit=500').then(({ items }) => items);
}

async function loop(everyMs: number, work: () => Promise<unknown>): Promise<void> {
  while (!over) {
    await work();
    await new Promise((resolve) => { setTimeout(resolve, everyMs); });
  }
}

async function until<T>(what: string, look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const fromMs = Date.now();
  for (;;) {
    const found = await look().catch((error: Error) => error);
    if (!(found instanceof Error) && holds(found)) return found;
    if (Date.now() - fromMs > SETTLE_MS) throw new Error(`never: ${what}. Seed ${SEED}.\n${found instanceof Error ? found.message : JSON.stringify(found)}\n${house!.log.join('\n')}\n${house!.lastWords()}`);
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
}
