import { dirname } from 'node:path';
import type { Clock, Config, Logger, Random } from '../../base/index.ts';
import { readEgressPolicy } from '../../base/egress/index.ts';
import type { Access } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import type { StepNotes } from '../nodes/context.ts';
import type { Enrolments } from '../nodes/enrolments.ts';
import type { NodeLink } from '../ports.ts';
import type { MachineSource } from '../pools/machines.ts';
import { NanoMdm } from '../mdm/nanomdm.ts';
import { readMdm } from '../mdm/settings.ts';
import { readAccounts, readEntryKeys } from './accounts.ts';
import { Arrivals } from './arrival/arrivals.ts';
import { probePort } from './arrival/probe.ts';
import { enterBySsh } from './arrival/ssh-entry.ts';
import { storedClaims } from './orders/claims.ts';
import { OrderReconciler, type RetiringNodes } from './orders/order-reconciler.ts';
import { Orders } from './orders/orders.ts';
import { Orphans } from './orders/orphans.ts';
import type { MachineProvider } from './provider.ts';
import { ProviderClient } from './provider-client.ts';

export interface ProvidersOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Pick<Access, 'audit' | 'directory'>;
  readonly newId: () => string;
  readonly config: Pick<Config, 'file' | 'configFile'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly random: Random;
  readonly nodes: RetiringNodes;
  readonly machines: Pick<MachineSource, 'costs'>;
  readonly steps?: StepNotes;
  readonly enrolments: Pick<Enrolments, 'issue'>;
  readonly link: Pick<NodeLink, 'isConnected' | 'ask'>;
}

/** Machines to rent: the operator's accounts, and what is ordered at them. */
export class Providers {
  readonly orders: Orders;
  /** The accounts by name. */
  readonly accounts: ReadonlyMap<string, MachineProvider>;
  /** The operator's MDM server; null: there is none. */
  readonly mdm: { readonly server: NanoMdm; readonly devices: ReadonlyMap<string, string> } | null;
  readonly #reconciler: OrderReconciler;
  readonly #orphans: Orphans;
  readonly #arrivals: Arrivals;
  readonly #client: ProviderClient;

  /** @throws TandemError setting_invalid. */
  constructor({ config, env, ...shared }: ProvidersOptions) {
    const { database, clock } = shared;
    const policy = readEgressPolicy(config.file['egress']);
    this.#client = new ProviderClient({ policy, clock });
    const providers = readAccounts({ content: config.file['providers'], folder: dirname(config.configFile), env, policy, client: this.#client, clock, claims: (name) => storedClaims(database, clock, name) });
    this.accounts = providers;
    const mdm = readMdm(config.file['mdm'], dirname(config.configFile), env, policy);
    this.mdm = mdm === null ? null : { server: new NanoMdm(mdm, this.#client), devices: mdm.devices };
    this.orders = new Orders({ ...shared, providers });
    this.#reconciler = new OrderReconciler({ ...shared, providers });
    this.#orphans = new Orphans({ ...shared, providers });
    this.#arrivals = new Arrivals({ ...shared, providers, keys: readEntryKeys(config.file['providers'], dirname(config.configFile)), enter: enterBySsh, probe: probePort });
  }

  /** Looks after all orders once: periodic. */
  keepOrders(signal: AbortSignal): Promise<void> {
    return this.#reconciler.tick(signal);
  }

  /** Makes nodes of delivered machines: periodic. */
  keepArrivals(): Promise<void> {
    return this.#arrivals.tick();
  }

  /** Looks once for machines that are billed and unknown here: periodic. */
  findOrphans(signal: AbortSignal): Promise<void> {
    return this.#orphans.look(signal);
  }

  async close(): Promise<void> {
    await this.#arrivals.close();
    await this.#client.close();
  }
}
