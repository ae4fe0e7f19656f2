import { ManualClock, createIdSource, silentLogger } from '../../base/index.ts';
import type { Principal, Role } from '../../access/index.ts';
import { openDatabase, type Database } from '../../db/index.ts';
import { createTestDatabase } from '../../db/testing.ts';
import type { AuditPort, NamesPort } from '../ports.ts';

/** A real database with an organisation in it, and a clock that stands still: where the tests of the books live. */
export interface TestHouse {
  readonly database: Database;
  readonly clock: ManualClock;
  readonly newId: () => string;
  readonly organisationId: string;
  readonly projectId: string;
  /** What was written to the audit trail. */
  readonly audited: { action: string; resourceId: string | null }[];
  readonly audit: AuditPort;
  readonly names: NamesPort;
  addOrganisation(currency?: string, billing?: 'postpaid' | 'prepaid'): Promise<string>;
  principal(organisationId?: string, role?: Role): Principal;
  close(): Promise<void>;
}

export async function openTestHouse(startMs = Date.UTC(2026, 4, 10, 12), billing: 'postpaid' | 'prepaid' = 'postpaid'): Promise<TestHouse> {
  const made = await createTestDatabase();
  const clock = new ManualClock(startMs);
  const newId = createIdSource(() => clock.nowMs());
  const database = await openDatabase({ connection: made.connection, log: silentLogger, clock });
  const organisations = new Map<string, { currency: string; billing: 'postpaid' | 'prepaid' }>();
  const audited: TestHouse['audited'] = [];

  async function addOrganisation(currency = 'USD', kind: 'postpaid' | 'prepaid' = 'postpaid'): Promise<string> {
    const id = newId();
    await database.unscoped('a test makes an organisation').insertInto('organisations')
      .values({ id, name: 'Acme', slug: `acme-${id}`, currency, billing: kind, created_at: new Date(clock.nowMs()) }).execute();
    organisations.set(id, { currency, billing: kind });
    return id;
  }

  const organisationId = await addOrganisation('USD', billing);
  const projectId = newId();
  return {
    database, clock, newId, organisationId, projectId, audited, addOrganisation,
    audit: { record: async (_tx, _by, entry) => void audited.push({ action: entry.action, resourceId: entry.resourceId }) },
    names: { organisation: (id) => organisations.get(id), projectName: (id) => (id === projectId ? 'default' : null), keyName: (id) => `key-${id.slice(-4)}` },
    principal: (id = organisationId, role = 'owner') => ({
      organisationId: id, projectId: null, keyId: null, actor: { kind: 'member', id: null, label: 'ada@example.org' }, role, allowedModels: null,
      tier: 'standard', currency: organisations.get(id)?.currency ?? 'USD', ofOperator: id === organisationId, sessionId: null, expiresAtMs: null,
    }),
    async close() {
      await database.close();
      await made.drop();
    },
  };
}
