import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WireError, textOf, wholeOf, type Message } from '../wire/index.ts';
import { writeWhole, type Home } from '../state/home.ts';
import { nodesByPlace, readDevices, type Device } from './gpus/devices.ts';
import { NO_LIMITS, readLimits, type Limits } from './limits/limits.ts';
import { NO_NETWORK, readNetwork, type NetworkWish } from './network/wish.ts';
import { readRanks, type Ranks } from './ranks/addresses.ts';

/** A lease as this machine knows it. Kept on disk, since it outlives the agent. */
export interface LeaseRecord {
  readonly lease: string;
  readonly fence: string;
  readonly units: readonly string[];
  readonly access: 'api' | 'job' | 'shell' | 'root';
  /** The boot in which it was granted: after another one nothing of it runs until it is granted again. */
  readonly boot: string;
  /** Its end on this machine's own clock since its boot, which no wall clock moves. */
  readonly untilUptimeMs: number;
  readonly limits: Limits;
  readonly network: NetworkWish;
  /** Cards and slices, by what names them; none where an older server named units alone. */
  readonly devices: readonly Device[];
  /** The device nodes that it sees. */
  readonly nodes: readonly string[];
  /** Its user's number, which no other lease of this machine has. */
  readonly uid: number;
  /** Its home is this volume's; null: its home began empty. */
  readonly volume: string | null;
  /** Which of several machines this is, whose programs reach each other; null: they do not. */
  readonly ranks: Ranks | null;
  readonly state: 'running' | 'stopped';
  /** The server has ended it: a grant that was on its way meanwhile begins it no more. */
  readonly ended?: boolean;
}

/** Whether people go into it. The others run what was asked for, and let nobody in. */
export function hasShell({ access }: Pick<LeaseRecord, 'access'>): boolean {
  return access === 'shell' || access === 'root';
}

/** Where a lease's things lie. Its folder is named by its id, which is a UUID and nothing else. */
export interface LeasePaths {
  readonly folder: string;
  readonly record: string;
  /** The tenant's own folder. */
  readonly files: string;
  /** What sshd reads; the tenant may read it too. */
  readonly ssh: string;
  /** Where its keeper listens: for root alone. */
  readonly socket: string;
  /** Where its carrier listens: for root alone. Another form of what is said there gets another number, since carriers outlive agents. */
  readonly carrier: string;
  readonly log: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Above the numbers that systems and their containers give out. */
const FIRST_UID = 1_000_000_000;
const UIDS_EACH = 1_000;

export function pathsOf(home: Home, lease: string): LeasePaths {
  if (!UUID.test(lease)) throw new WireError('bad_lease', 'the lease has no id of a lease');
  const folder = join(home.leases, lease);
  return { folder, record: join(folder, 'lease.json'), files: join(folder, 'files'), ssh: join(folder, 'ssh'), socket: join(folder, 'keeper.sock'), carrier: join(folder, 'carrier-1.sock'), log: join(folder, 'keeper.log') };
}

/** A grant as the server asks for it. @throws WireError. */
export function readGrant(params: Message): Omit<LeaseRecord, 'uid' | 'state' | 'nodes' | 'devices'> & { readonly devices: readonly Device[] | undefined } {
  const { units, access } = params;
  if (!Array.isArray(units) || units.length > 1_000 || !units.every((unit) => typeof unit === 'string' && unit.length <= 200)) throw new WireError('bad_grant', 'units are not a list of texts');
  if (access !== 'api' && access !== 'job' && access !== 'shell' && access !== 'root') throw new WireError('bad_grant', 'there is no such access');
  return { lease: leaseOf(params), fence: fenceOf(params), units: units as string[], access, boot: textOf(params, 'boot', 80), untilUptimeMs: wholeOf(params, 'untilUptimeMs'), limits: readLimits(params['limits']), network: readNetwork(params['network']), devices: readDevices(params['devices']), ranks: readRanks(params['ranks']), volume: params['volume'] === undefined ? null : volumeOf(params) };
}

export function leaseOf(params: Message): string {
  const lease = textOf(params, 'lease', 64);
  if (!UUID.test(lease)) throw new WireError('bad_lease', 'the lease has no id of a lease');
  return lease;
}

/** The id of a volume. @throws WireError. */
export function volumeOf(params: Message, name: 'volume' | 'keep' = 'volume'): string {
  const volume = textOf(params, name, 64);
  if (!UUID.test(volume)) throw new WireError('bad_volume', 'the volume has no id of a volume');
  return volume;
}

export function fenceOf(params: Message): string {
  const fence = textOf(params, 'fence', 20);
  if (!/^\d{1,18}$/.test(fence)) throw new WireError('bad_grant', 'the fence is not a number');
  return fence;
}

/** Every lease that has left something here, running or not. */
export function readRecords(home: Home): LeaseRecord[] {
  mkdirSync(home.leases, { recursive: true });
  // Tenants go through it to their own folders.
  chmodSync(home.leases, 0o711);
  return readdirSync(home.leases).filter((name) => UUID.test(name)).flatMap((name) => {
    try {
      return [readRecord(pathsOf(home, name).record)];
    } catch {
      // Cut off before its first record was whole: nothing of it has run.
      return [];
    }
  });
}

/** Whether any has. */
export function anyRecord(home: Home): boolean {
  try {
    return readdirSync(home.leases).some((name) => UUID.test(name));
  } catch {
    return false;
  }
}

/** @throws Error when there is none. */
export function readRecord(path: string): LeaseRecord {
  // An agent's release before limits wrote nothing of them, nor of volumes, devices and ranks.
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Omit<LeaseRecord, 'limits' | 'network' | 'volume' | 'devices' | 'nodes' | 'ranks'> & Partial<LeaseRecord>;
  return { ...stored, limits: stored.limits ?? NO_LIMITS, network: stored.network ?? NO_NETWORK, volume: stored.volume ?? null, ranks: stored.ranks ?? null, devices: stored.devices ?? [], nodes: stored.nodes ?? nodesByPlace(stored.units) };
}

export function writeRecord(home: Home, record: LeaseRecord): void {
  writeWhole(pathsOf(home, record.lease).record, `${JSON.stringify(record)}\n`);
}

export function removeRecord(home: Home, lease: string): void {
  rmSync(pathsOf(home, lease).folder, { recursive: true, force: true });
}

/** A user's number that no other lease and no volume has. It begins elsewhere for each home, so that two agents on one machine share none. */
export function freeUid(home: Home, records: readonly Pick<LeaseRecord, 'uid'>[]): number {
  const taken = new Set(records.map(({ uid }) => uid));
  const first = FIRST_UID + createHash('sha256').update(home.root).digest().readUInt16BE() * UIDS_EACH;
  for (let uid = first; ; uid += 1) if (!taken.has(uid)) return uid;
}

/** The highest fence that this machine has seen: what is older is refused, also after the lease is wiped. */
export function readFence(home: Home): bigint {
  try {
    return BigInt(readFileSync(join(home.leases, 'fence'), 'utf8').trim());
  } catch {
    return 0n;
  }
}

export function writeFence(home: Home, fence: bigint): void {
  writeWhole(join(home.leases, 'fence'), `${fence}\n`);
}
