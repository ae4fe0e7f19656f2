import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { AccessPort, CallsPort, FleetPort, NoteCostsPort, Principal } from '../ports.ts';
import type { Engine } from './engines/engine.ts';
import type { ReplicaDoor } from './replica-door.ts';
import type { ServingRow } from './rows.ts';

/** What the parts of serving share. */
export interface ServingContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly access: Pick<AccessPort, 'audit' | 'directory' | 'projects'>;
  readonly engines: Readonly<Record<Engine['kind'], Engine>>;
  readonly fleet: FleetPort;
  /** What calls had made by replicas. */
  readonly calls: CallsPort;
  /** Tells the books what machines cost for calls, in the transaction that splits it. */
  readonly noteCosts: NoteCostsPort;
  readonly door: ReplicaDoor;
}

/** Leases of replicas are asked for by the serving itself, with a developer's rights in its project. */
export function servingPrincipal({ directory }: ServingContext['access'], row: Pick<ServingRow, 'organisation_id' | 'project_id' | 'name'>): Principal {
  return {
    organisationId: row.organisation_id, projectId: row.project_id, keyId: null, actor: { kind: 'system', id: null, label: `serving of ${row.name}` }, role: 'developer', allowedModels: null,
    tier: directory.project(row.project_id)?.tier ?? 'standard', currency: directory.organisation(row.organisation_id)?.currency ?? 'USD', ofOperator: false, sessionId: null, expiresAtMs: null,
  };
}
