import { TandemError } from '../../base/index.ts';
import { demand, type Access, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { NODE_CERTIFICATE_MS, type Authorities } from './authorities.ts';

/** Told of each change of the roots, so that all processes sign with and believe the same ones a moment later. */
export const ROOTS_CHANNEL = 'tandem_roots';

export interface RootView {
  /** SHA-256 of the certificate, in hexadecimal. */
  readonly fingerprint: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** Certificates of machines are signed by it. */
  readonly signs: boolean;
}

export interface RootsView {
  /** The newest first. */
  readonly roots: readonly RootView[];
  /** Machines whose certificate is by an older root and still valid. */
  readonly waiting: number;
}

export interface RootsOptions {
  readonly database: Database;
  readonly audit: Access['audit'];
  readonly authorities: Authorities;
  /** In milliseconds UTC. */
  readonly nowMs: () => number;
}

/** The roots by which machines and server know each other, and how one takes another's place without a machine being left behind. */
export class Roots {
  readonly #options: RootsOptions;

  constructor(options: RootsOptions) {
    this.#options = options;
  }

  /** @throws TandemError operator_only, permission_denied. */
  async show(principal: Principal): Promise<RootsView> {
    demand(principal, 'roots.write');
    return this.#view(this.#options.database.unscoped('roots are of the installation'));
  }

  /** A new root beside the one that is there: machines are told of both, and get their next certificate from it. @throws TandemError root_rotation. */
  replace(principal: Principal): Promise<RootsView> {
    return this.#change(principal, 'root.replace', async (tx) => {
      const { roots } = await this.#view(tx);
      if (roots.length > 1) throw new TandemError('root_rotation', { params: { reason: 'one is being replaced already' } });
      await this.#options.authorities.addRoot(tx);
    });
  }

  /** Only the newest root is believed from now on. @throws TandemError root_rotation while a machine has a certificate by an older one. */
  retire(principal: Principal): Promise<RootsView> {
    return this.#change(principal, 'root.retire', async (tx) => {
      const { roots, waiting } = await this.#view(tx);
      if (roots.length < 2) throw new TandemError('root_rotation', { params: { reason: 'there is one root alone' } });
      if (waiting > 0) throw new TandemError('root_rotation', { params: { reason: `certificates of machines that are by the old one and still valid: ${waiting}` } });
      await this.#options.authorities.retireOldRoots(tx);
    });
  }

  async #change(principal: Principal, action: string, work: (tx: Executor) => Promise<void>): Promise<RootsView> {
    demand(principal, 'roots.write');
    const { database, audit, authorities } = this.#options;
    const view = await database.transaction(async (tx) => {
      await authorities.lock(tx);
      await work(tx);
      const after = await this.#view(tx);
      await audit.record(tx, principal, { action, resourceKind: 'root', resourceId: after.roots[0]!.fingerprint, change: {} });
      await database.notify(tx, ROOTS_CHANNEL, '');
      return after;
    });
    await authorities.reload();
    return view;
  }

  async #view(executor: Executor): Promise<RootsView> {
    const { authorities, nowMs } = this.#options;
    const roots = await authorities.rootFacts(executor);
    const [newest] = roots;
    const nodes = await executor.selectFrom('nodes').select(['certificate_expires_at', 'created_at']).where('removed_at', 'is', null).execute();
    // One that was enrolled and has never connected has its certificate since then.
    const ends = nodes.map(({ certificate_expires_at: endsAt, created_at: madeAt }) => endsAt?.getTime() ?? madeAt.getTime() + NODE_CERTIFICATE_MS);
    const waiting = roots.length < 2 ? 0 : ends.filter((endMs) => endMs > nowMs() && endMs < newest!.createdAt.getTime() + NODE_CERTIFICATE_MS).length;
    return { waiting, roots: roots.map(({ fingerprint, createdAt, expiresAt }, at) => ({ fingerprint, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString(), signs: at === 0 })) };
  }
}
