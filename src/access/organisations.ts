import type { Currency } from '../base/index.ts';
import type { Executor } from '../db/index.ts';
import { bySystem } from './audit.ts';
import { changeOf, iso, notFound, nowOf, type AccessContext } from './context.ts';
import type { KnownOrganisation } from './directory-state.ts';
import { slugOf } from './names.ts';
import type { Principal } from './principal.ts';
import { demand } from './roles.ts';

export interface OrganisationView {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly currency: Currency;
  readonly billing: 'postpaid' | 'prepaid';
  /** Whether content may be kept for functions that need it. */
  readonly store: boolean;
  readonly createdAt: string;
}

export interface NewOrganisation {
  readonly name: string;
  /** Default USD. */
  readonly currency?: Currency;
  /** Default postpaid. */
  readonly billing?: 'postpaid' | 'prepaid';
}

export interface OrganisationChange {
  readonly name?: string | undefined;
  readonly store?: boolean | undefined;
}

/** Organisations: who is billed, and the wall between tenants. */
export class Organisations {
  readonly #context: AccessContext;

  constructor(context: AccessContext) {
    this.#context = context;
  }

  show(principal: Principal): OrganisationView {
    const known = this.#context.directory.organisation(principal.organisationId);
    if (known === undefined) throw notFound('organisation', principal.organisationId, 'projects');
    return organisationView(known);
  }

  async update(principal: Principal, input: OrganisationChange): Promise<OrganisationView> {
    demand(principal, 'organisation.write');
    const { database, directory, audit } = this.#context;
    const id = principal.organisationId;
    await database.transaction(async (tx) => {
      const before = await tx.selectFrom('organisations').select(['name', 'store']).where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
      const after = { name: input.name ?? before.name, store: input.store ?? before.store };
      await tx.updateTable('organisations').set(after).where('id', '=', id).execute();
      await directory.announce(tx, 'organisation', id);
      await audit.record(tx, principal, { action: 'organisation.update', resourceKind: 'organisation', resourceId: id, change: changeOf(before, after) });
    });
    await directory.refresh('organisation', id);
    return this.show(principal);
  }

  /** Inserts the row and begins its audit trail: for the operator, never through the API. */
  async insert(tx: Executor, input: NewOrganisation): Promise<{ id: string }> {
    const { newId, audit, directory } = this.#context;
    const id = newId();
    const currency = input.currency ?? 'USD';
    const billing = input.billing ?? 'postpaid';
    const slug = await this.#freeSlug(tx, slugOf(input.name, 'organisation'));
    await tx.insertInto('organisations').values({ id, name: input.name, slug, currency, billing, created_at: nowOf(this.#context) }).execute();
    await audit.begin(tx, id);
    await directory.announce(tx, 'organisation', id);
    await audit.record(tx, bySystem(id), { action: 'organisation.create', resourceKind: 'organisation', resourceId: id, change: { name: input.name, slug, currency, billing } });
    return { id };
  }

  async #freeSlug(tx: Executor, wanted: string): Promise<string> {
    const taken = await tx.selectFrom('organisations').select('slug').where('slug', 'like', `${wanted}%`).execute();
    return freeSlug(wanted, taken.map((row) => row.slug));
  }
}

/** `wanted`, or `wanted-2`, `wanted-3` … */
export function freeSlug(wanted: string, taken: readonly string[]): string {
  const used = new Set(taken);
  let slug = wanted;
  for (let n = 2; used.has(slug); n += 1) slug = `${wanted}-${n}`;
  return slug;
}

function organisationView(known: KnownOrganisation): OrganisationView {
  return { id: known.id, name: known.name, slug: known.slug, currency: known.currency, billing: known.billing, store: known.store, createdAt: iso(new Date(known.createdAtMs)) };
}

