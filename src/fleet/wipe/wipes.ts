import { TandemError, type Clock } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import type { LeaseContext } from '../leases/context.ts';
import type { LeaseOrder } from '../drivers/driver.ts';
import type { WipeSigner } from '../ports.ts';
import { CERTIFICATE_TYPE, claimsOf, type DoneWipe } from './certificate.ts';
import type { WipeMethod } from './method.ts';

export interface WipesOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly newId: () => string;
  /** The first that serves a lease is taken. */
  readonly methods: readonly WipeMethod[];
  readonly signer: WipeSigner;
  readonly version: string;
}

/** A wipe with its signed certificate. */
export interface CertifiedWipe extends DoneWipe {
  readonly keyId: string;
  readonly certificate: string;
}

/** Has machines wiped after leases, and vouches for what was said of it. */
export class Wipes {
  readonly #options: WipesOptions;
  readonly #beganAtMs = new Map<string, number>();

  constructor(options: WipesOptions) {
    this.#options = options;
  }

  /** Wipes one machine, or looks how far it is; null: it goes on. The certificate is made before anything is written, so that no clean machine is without one. */
  async wipe(order: LeaseOrder): Promise<CertifiedWipe | null> {
    const { clock, newId, methods, signer, version } = this.#options;
    const method = await this.#methodFor(order, methods);
    const key = `${order.leaseId} ${order.machineId}`;
    const beganAtMs = this.#beganAtMs.get(key) ?? clock.nowMs();
    this.#beganAtMs.set(key, beganAtMs);
    const report = await method.wipe(order);
    if (report === null) return null;
    this.#beganAtMs.delete(key);
    const done: DoneWipe = { id: newId(), leaseId: order.leaseId, machineId: order.machineId, by: method.by, report, beganAtMs, endedAtMs: clock.nowMs() };
    return { ...done, ...(await signer.sign(claimsOf(done, version), CERTIFICATE_TYPE)) };
  }

  async #methodFor(order: LeaseOrder, methods: readonly WipeMethod[]): Promise<WipeMethod> {
    for (const method of methods) if (await method.serves(order)) return method;
    throw new TandemError('node_refused', { params: { name: order.machineId, reason: 'nothing here can wipe it after such a lease' } });
  }
}

/** Writes a wipe down, with the change that it brings about. */
export async function keepWipe({ database }: Pick<LeaseContext, 'database'>, tx: Executor, organisationId: string, unitIds: readonly string[], { id, leaseId, machineId, by, report, beganAtMs, endedAtMs, keyId, certificate }: CertifiedWipe): Promise<void> {
  const { clean, method, kept: _kept, ...said } = report;
  await database.scoped(organisationId, tx).insertInto('lease_wipes', {
    id, lease_id: leaseId, machine_id: machineId, unit_ids: JSON.stringify(unitIds), clean, by, method, report: JSON.stringify(said), began_at: new Date(beganAtMs), ended_at: new Date(endedAtMs), key_id: keyId, certificate,
  }).execute();
}
