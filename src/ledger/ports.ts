import type { Actor } from '../access/index.ts';
import type { Executor } from '../db/index.ts';

/** Writes an entry of the audit trail in the transaction of the change it tells of. `access.audit` is one. */
export interface AuditPort {
  record(tx: Executor, by: { readonly organisationId: string; readonly actor: Actor }, entry: {
    readonly action: string;
    readonly resourceKind: string;
    readonly resourceId: string | null;
    readonly change: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}

/** Names and settings of organisations, from memory: `access.directory` is one. */
export interface NamesPort {
  organisation(id: string): { readonly currency: string; readonly billing: 'postpaid' | 'prepaid' } | undefined;
  projectName(id: string): string | null;
  keyName(id: string): string | null;
}
