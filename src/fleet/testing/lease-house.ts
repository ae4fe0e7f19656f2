import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { ManualClock, createIdSource, openSecretBox, publicJwk, signJws, silentLogger, systemClock } from '../../base/index.ts';
import { openTestAccess, type TestAccess } from '../../access/testing.ts';
import { createLedger, type Ledger } from '../../ledger/index.ts';
import { noPoster } from '../../ledger/testing/no-poster.ts';
import type { LeaseContext } from '../leases/context.ts';
import { Leases, type NewLease } from '../leases/leases.ts';
import { Reconciler } from '../leases/reconciler.ts';
import type { LeasableMachine } from '../pools/machines.ts';
import type { MachineCost } from '../price/provider-cost.ts';
import { mac, machine } from './machines.ts';
import { StandInJobs, StandInLines } from './stand-in-jobs.ts';
import { StandInWays } from './stand-in-ways.ts';
import { StandInMachines } from './stand-in-machines.ts';
import type { WipeSigner } from '../ports.ts';
import { WipeCertificates } from '../wipe/certificates.ts';
import { agentReset } from '../wipe/method.ts';
import { Wipes } from '../wipe/wipes.ts';
import { Volumes } from '../volumes/volumes.ts';

export interface LeaseHouse extends Pick<TestAccess, 'access' | 'database' | 'organisationId' | 'projectId' | 'admin'> {
  readonly clock: ManualClock;
  readonly ledger: Ledger;
  readonly leases: Leases;
  readonly machines: StandInMachines;
  readonly jobs: StandInJobs;
  readonly lines: StandInLines;
  readonly ways: StandInWays;
  /** What the source of machines says; tests change it. */
  readonly views: LeasableMachine[];
  readonly quarantined: string[];
  readonly wipes: WipeCertificates;
  /** What providers charge for machines; tests change it. */
  readonly costs: Map<string, MachineCost>;
  readonly volumes: Volumes;
  readonly context: LeaseContext;
  /** The worker that looks after leases; `restart` makes another, as a new process would. */
  reconciler: Reconciler;
  restart(): void;
  /** Lets time go by, in steps of so much, and has all leases looked after at each. */
  pass(ms: number, stepMs?: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function leasable(view: Parameters<typeof machine>[1] & { readonly id: string }, more: Partial<LeasableMachine> = {}): LeasableMachine {
  const { id, ...rest } = view;
  const labelled = { labels: { 'node-id': id }, ...rest };
  const made = view.kind === 'mac' ? mac(id, labelled) : machine(id, labelled);
  return { ...made, name: id, leastDay: 'others', idleMinutes: null, record: false, standIn: true, resourceOf: (unit) => (made.kind === 'mac' ? 'mac/m4' : `gpu/${unit.kind}`), ...more };
}

/** Real access, ledger and database; the machines are stand-ins in the test's process, and time is the test's. */
export async function openLeaseHouse(ids: readonly string[] = ['a', 'b']): Promise<LeaseHouse> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-leases-'));
  const test = await openTestAccess();
  const { access, database, organisationId, projectId, admin } = test;
  const ledger = createLedger({ database, clock: systemClock, log: silentLogger, home, strict: false, audit: access.audit, names: access.directory, operator: () => organisationId, poster: noPoster });
  await ledger.start();
  // $2 an hour for a GPU, which is no whole number of picodollars a minute; a Mac by the day and the week.
  await ledger.prices.create(admin, { resource: 'gpu/h100-80gb', source: 'a test', tier: 'standard', side: 'sell', buckets: { minute: { price: '2000000000000', per: '60' } } });
  await ledger.prices.create(admin, { resource: 'mac/m4', source: 'a test', tier: 'standard', side: 'sell', buckets: { day: { price: '10000000000000', per: '1' }, week: { price: '45000000000000', per: '1' } } });
  const clock = new ManualClock(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000);
  const machines = new StandInMachines(clock, ids);
  const jobs = new StandInJobs();
  const lines = new StandInLines();
  const ways = new StandInWays();
  const views = ids.map((id) => leasable({ id, openTo: null }));
  const quarantined: string[] = [];
  const newId = createIdSource(() => clock.nowMs());
  const signer = standInSigner();
  const context: LeaseContext = {
    wipes: new Wipes({ clock, newId, methods: [agentReset(machines)], signer, version: '0.0.0' }),
    process: 'here', database, clock, log: silentLogger, newId, access, standing: ledger.standing, deliveries: ledger.webhooks.deliveries, driver: machines, jobs: { machines: jobs, ways, lines, secrets: openSecretBox(join(home, 'secret')) },
    machines: {
      machines: async () => views.map((view) => ({ ...view, closed: quarantined.includes(view.id) ? 'quarantined' : machines.reaches(view.id) ? view.closed : 'out of reach' })),
      locked: async (_tx, ids) => (await context.machines.machines()).filter(({ id }) => ids.includes(id)),
      costs: async (ids) => new Map(ids.flatMap((id) => (house.costs.has(id) ? [[id, house.costs.get(id)!] as const] : []))),
      allowance: async () => ({ limits: { cpuMillis: null, memoryBytes: null, processes: null, diskBytes: null }, network: { out: false, allow: [], deny: [], resolvers: [] }, devices: [] }),
      ranksNetwork: async () => (house.ways.network === null ? { why: 'its pool names no network for jobs' } : { network: house.ways.network }),
      quarantine: async (id) => void quarantined.push(id),
    },
  };
  const house: LeaseHouse = {
    access, database, organisationId, projectId, admin, clock, ledger, machines, jobs, lines, ways, views, quarantined, costs: new Map(), context, wipes: new WipeCertificates(database, signer), volumes: new Volumes(context), leases: new Leases(context), reconciler: new Reconciler(context),
    restart() {
      house.reconciler = new Reconciler(context);
    },
    async pass(ms, stepMs = 1_000) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(Math.min(stepMs, ms - passed));
        await house.reconciler.tick();
        await house.reconciler.settled();
      }
    },
    async [Symbol.asyncDispose]() {
      await house.reconciler.settled();
      await ledger.stop(200);
      await test.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return house;
}

/** A key of this test's own, in the place of the one that lies sealed in the database. */
function standInSigner(): WipeSigner {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = publicJwk(privateKey);
  return { sign: async (claims, type) => ({ keyId: key.kid, certificate: signJws(claims, type, privateKey) }), keys: async () => [{ ...key, createdAt: new Date(0), retiredAt: null }] };
}

let asked = 0;
export function newLease(more: Partial<NewLease> = {}): NewLease {
  asked += 1;
  return {
    key: `key-${asked}`, name: `lease ${asked}`, projectId: null, kind: 'gpu', gpus: 1, gpu: null, memoryGb: null, slice: null, macClass: null, xcode: null, pool: null, labels: {}, machines: 1, apart: null,
    fit: 'pack', access: 'shell', minutes: 60, startsAtMs: null, record: false, atMost: null, ...more,
  };
}
