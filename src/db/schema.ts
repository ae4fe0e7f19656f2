import type { AccessTables } from './schema/access.ts';
import type { BooksTables } from './schema/books.ts';
import type { ContentTables } from './schema/content.ts';
import type { HookTables } from './schema/hooks.ts';
import type { LeaseTables } from './schema/leases.ts';
import type { LedgerTables } from './schema/ledger.ts';
import type { LimitTables } from './schema/limits.ts';
import type { ModelsTables } from './schema/models.ts';
import type { NodeTables } from './schema/nodes.ts';
import type { OperatorTables } from './schema/operator.ts';
import type { ProviderTables } from './schema/providers.ts';
import type { ResponseTables } from './schema/responses.ts';
import type { ServingTables } from './schema/serving.ts';
import type { SessionTables } from './schema/sessions.ts';
import type { SightTables } from './schema/sight.ts';

/** Every table. A room adds its own in `schema/<room>.ts`; no room reads another's. */
export type Schema = OperatorTables & ProviderTables & AccessTables & LedgerTables & LimitTables & BooksTables & ModelsTables & ContentTables & ResponseTables & HookTables & LeaseTables & SessionTables & SightTables & ServingTables & NodeTables;

/** Tables that hold rows of one organisation, which is all but the few that stand above organisations. */
export type ScopedTable = {
  [T in keyof Schema]: Schema[T] extends { organisation_id: unknown } ? T : never;
}[keyof Schema] & string;
