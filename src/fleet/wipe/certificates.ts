import type { Selectable } from 'kysely';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';
import type { WipeSigner } from '../ports.ts';

type Row = Selectable<Schema['lease_wipes']>;

/** A wipe as the control API shows it. */
export interface WipeView {
  readonly id: string;
  readonly machineId: string;
  readonly clean: boolean;
  readonly by: Row['by'];
  readonly method: Row['method'];
  readonly evidence: string[];
  readonly unchecked: string[];
  readonly canaries: { readonly planted: string[]; readonly found: string[] };
  readonly versions: Record<string, string>;
  readonly beganAt: string;
  readonly endedAt: string;
  readonly keyId: string;
  readonly certificate: string;
}

/** A wipe as a tenant sees it: after its own lease, or the one that its machine had before. */
export interface LeaseWipeView extends WipeView {
  readonly of: 'this' | 'before';
}

export interface WipeKeyView {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly kid: string;
  readonly x: string;
  readonly createdAt: string;
  readonly retiredAt: string | null;
}

/** Wipes of one machine that are looked at to find the last one of each of its units. */
const MOST_BACK = 500;

/** Certificates of wipes, for those whose lease was wiped, whose lease came next, and whose machine it is. */
export class WipeCertificates {
  readonly #database: Database;
  readonly #signer: WipeSigner;

  constructor(database: Database, signer: WipeSigner) {
    this.#database = database;
    this.#signer = signer;
  }

  /** What was wiped before a lease, and after it. @throws TandemError resource_not_found. */
  async ofLease(principal: Principal, id: string): Promise<{ items: LeaseWipeView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    const own = this.#database.scoped(principal.organisationId);
    const lease = await own.selectFrom('leases').select(['project_id', 'placed_at']).where('id', '=', id).executeTakeFirst();
    if (lease === undefined || (principal.projectId !== null && principal.projectId !== lease.project_id)) throw missing('lease', id, 'leases');
    const after = await own.selectFrom('lease_wipes').selectAll().where('lease_id', '=', id).orderBy('id', 'desc').limit(MOST_BACK).execute();
    const before = lease.placed_at === null ? [] : await this.#before(principal, id, lease.placed_at);
    return { items: [...after.map((row) => ({ ...wipeView(row), of: 'this' as const })), ...before.map((row) => ({ ...wipeView(row), of: 'before' as const }))], nextCursor: null };
  }

  /** Wipes of a machine of one's own, the newest first. @throws TandemError resource_not_found. */
  async ofNode(principal: Principal, id: string, { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }): Promise<{ items: WipeView[]; nextCursor: string | null }> {
    demand(principal, 'nodes.read');
    const node = await this.#database.scoped(principal.organisationId).selectFrom('nodes').select('id').where('id', '=', id).executeTakeFirst();
    if (node === undefined) throw missing('node', id, 'node list');
    let rows = this.#database.unscoped('wipes of a machine of the caller, whoever had it').selectFrom('lease_wipes').selectAll().where('machine_id', '=', id).orderBy('id', 'desc').limit(limit + 1);
    if (cursor !== undefined) rows = rows.where('id', '<', cursor);
    const found = await rows.execute();
    const items = found.slice(0, limit).map(wipeView);
    return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null };
  }

  /** The public keys of all certificates: for everybody. */
  async keys(): Promise<{ keys: WipeKeyView[] }> {
    const keys = await this.#signer.keys();
    return { keys: keys.map(({ createdAt, retiredAt, ...key }) => ({ ...key, createdAt: createdAt.toISOString(), retiredAt: retiredAt?.toISOString() ?? null })) };
  }

  /** The last clean wipe of each unit that the lease was given. Whose lease that was is not told. */
  async #before(principal: Principal, leaseId: string, placedAt: Date): Promise<Row[]> {
    const machines = await this.#database.scoped(principal.organisationId).selectFrom('lease_machines').select(['machine_id', 'unit_ids']).where('lease_id', '=', leaseId).execute();
    const found = await Promise.all(machines.map(async ({ machine_id, unit_ids }) => {
      const rows = await this.#database.unscoped('the wipe of a machine before the caller had it').selectFrom('lease_wipes').selectAll().where('machine_id', '=', machine_id).where('clean', '=', true).where('ended_at', '<=', placedAt).where('lease_id', '<>', leaseId).orderBy('id', 'desc').limit(MOST_BACK).execute();
      return lastOfUnits(rows, unit_ids);
    }));
    return found.flat();
  }
}

/** The newest of the rows that each unit has, in their order. @param rows the newest first. */
export function lastOfUnits<T extends { readonly unit_ids: readonly string[] }>(rows: readonly T[], unitIds: readonly string[]): T[] {
  const left = new Set(unitIds);
  return rows.filter(({ unit_ids }) => unit_ids.filter((unit) => left.delete(unit)).length > 0);
}

export function wipeView({ id, machine_id, clean, by, method, report, began_at, ended_at, key_id, certificate }: Row): WipeView {
  const { evidence, unchecked, canaries, versions } = report;
  return { id, machineId: machine_id, clean, by, method, evidence, unchecked, canaries, versions, beganAt: began_at.toISOString(), endedAt: ended_at.toISOString(), keyId: key_id, certificate };
}

function missing(kind: string, id: string, verb: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb } });
}
