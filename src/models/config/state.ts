import { createHash } from 'node:crypto';
import { formatAmount, type SecretBox } from '../../base/index.ts';
import type { Access } from '../../access/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Principal } from '../ports.ts';
import type { Catalogue } from '../registry/catalogue.ts';
import { limitsView } from '../registry/forms.ts';
import type { Alias, Backend, CallLimits, Target } from '../registry/target.ts';
import type { Item } from './diff.ts';
import type { ConfigInput } from './form.ts';
import { shortBuckets } from './prices.ts';

/** What the configuration is read from and written by: the ordinary operations, with their checks and their trail. */
export interface ConfigRooms {
  readonly projects: Pick<Access['projects'], 'list' | 'create' | 'update'>;
  readonly keys: Pick<Access['keys'], 'list'>;
  readonly prices: Pick<Ledger['prices'], 'list' | 'create'>;
  readonly budgets: Pick<Ledger['budgets'], 'list' | 'create' | 'update' | 'remove'>;
  readonly limits: Pick<Ledger['limits'], 'list' | 'create' | 'update' | 'remove'>;
}

export interface StateTools {
  readonly rooms: ConfigRooms;
  readonly catalogue: Catalogue;
  readonly secrets: SecretBox;
  /** What holds for every name that says nothing else. */
  readonly limits: CallLimits;
}

/** Everything that a configuration may say, as it is now, with the ids that changing it needs. */
export interface State {
  readonly items: readonly Item[];
  /** The same as a file, without secrets. */
  readonly file: ConfigInput;
  readonly backends: readonly Backend[];
  readonly aliases: readonly Alias[];
  readonly ids: { readonly project: ReadonlyMap<string, string>; readonly key: ReadonlyMap<string, string>; readonly budget: ReadonlyMap<string, string>; readonly limit: ReadonlyMap<string, string> };
  /** Changes when any of it does: a plan made against another state is refused. */
  readonly fingerprint: string;
}

export const PRICE_NAME = (model: string, tier: string, costOf: string | null) => `${model}${tier === 'standard' ? '' : ` (${tier})`}${costOf === null ? '' : `, cost of ${costOf}`}`;
type NamedSubject = { readonly kind: string; readonly name?: string | null | undefined } | null;
const bySubject = (subject: NamedSubject) => (subject === null ? '' : ` by ${subject.kind}${subject.name === null || subject.name === undefined ? '' : ` ${subject.name}`}`);
export const BUDGET_NAME = (scope: string, period: string, subject: NamedSubject) => `${scope}, ${period}${bySubject(subject)}`;
export const LIMIT_NAME = (scope: string, metric: string, subject: NamedSubject) => `${scope}, ${metric}${bySubject(subject)}`;
/** How a key stands in a difference: its words never do. */
export const SEALED = 'sealed';

export function targetFields({ backend, backendModel: model, weight, order, region, enabled, contextTokens, maxOutputTokens, capField: outputLimitField, can }: Target) {
  return { backend: backend.name, model, weight, order, region, enabled, contextTokens, maxOutputTokens, outputLimitField, can };
}

export async function readState(principal: Principal, { rooms, catalogue, limits }: StateTools): Promise<State> {
  const [projects, keys, budgets, capped] = await Promise.all([rooms.projects.list(principal), everyKey(principal, rooms.keys), rooms.budgets.list(principal), rooms.limits.list(principal)]);
  const backends = catalogue.registry.backendsOf(principal.organisationId).filter(({ organisationId }) => organisationId === principal.organisationId);
  const own = backends.filter(({ from }) => from === 'api');
  const aliases = catalogue.registry.visible({ organisationId: principal.organisationId, allowedModels: null }).filter(({ organisationId }) => organisationId === principal.organisationId);
  const live = projects.items.filter(({ archivedAt }) => archivedAt === null);
  const scopeText = ({ kind, name }: { kind: string; name: string }) => (kind === 'organisation' ? kind : `${kind}:${name}`);
  const nameOfBackend = (id: string) => backends.find((backend) => backend.id === id)?.name ?? null;
  const prices = rooms.prices.list(principal, { history: false }).items
    .filter(({ effectiveTo, backendId }) => effectiveTo === null && (backendId === null || nameOfBackend(backendId) !== null))
    .filter((price) => !(price.side === 'cost' && price.backendId === null));

  const file = {
    projects: live.map(({ name, paysAttempts }) => ({ name, paysAttempts: paysAttempts !== null })),
    backends: own.map(({ name, kind, url, options, enabled, connections }) => ({
      name, kind: kind === 'local' ? undefined : kind, url: url!, options, enabled, keys: connections.filter(({ label }) => label !== '').map((connection) => ({ label: connection.label, ...connection.limits })),
    })),
    models: aliases.filter(({ from }) => from === 'api').map((alias) => ({
      name: alias.name, goal: alias.goal, regions: [...alias.regions], limits: ownLimits(alias.limits, limits), targets: alias.targets.map(targetFields),
    })),
    prices: prices.map(({ resource, tier, backendId, buckets, source }) => ({ model: resource, tier, costOf: backendId === null ? null : nameOfBackend(backendId), buckets: shortBuckets(buckets), source })),
    budgets: budgets.items.map(({ scope, period, amount, alertShares, subject }) => ({ scope: scopeText(scope), period, amount: formatAmount(BigInt(amount)), alertShares: [...alertShares], subject })),
    limits: capped.items.map(({ scope, metric, amount, subject }) => ({ scope: scopeText(scope), metric, amount, subject })),
  };
  const items: Item[] = [
    ...file.projects.map(({ name, paysAttempts }): Item => ({ kind: 'project', name, fields: projectFields(paysAttempts) })),
    ...file.backends.flatMap(({ name, keys: ofIt, ...fields }): Item[] => [{ kind: 'backend', name, fields }, ...ofIt.map(({ label, ...rest }): Item => ({ kind: 'key', name: `${name}/${label}`, fields: { ...rest, key: SEALED } }))]),
    ...aliases.filter(({ from }) => from === 'api').map((alias): Item => ({
      kind: 'model', name: alias.name, fields: { goal: alias.goal, regions: alias.regions, ...limitsView(alias.limits), ...targetItems(alias.targets.map(targetFields)) },
    })),
    ...prices.map(({ resource, tier, backendId, buckets }): Item => ({ kind: 'price', name: PRICE_NAME(resource, tier, backendId === null ? null : nameOfBackend(backendId)), fields: shortBuckets(buckets) })),
    ...file.budgets.map(({ scope, period, subject, ...fields }): Item => ({ kind: 'budget', name: BUDGET_NAME(scope, period, subject), fields })),
    ...file.limits.map(({ scope, metric, subject, amount }): Item => ({ kind: 'limit', name: LIMIT_NAME(scope, metric, subject), fields: { amount } })),
  ];
  const versions = own.map(({ id, connections }) => [id, connections.map(({ id: keyId, version }) => [keyId, version])]);
  return {
    items, file, backends, aliases,
    ids: {
      project: new Map(live.map(({ name, id }) => [name, id])), key: new Map(keys.map(({ name, id }) => [name, id])),
      budget: new Map(budgets.items.map(({ id, scope, period, subject }) => [BUDGET_NAME(scopeText(scope), period, subject), id])),
      limit: new Map(capped.items.map(({ id, scope, metric, subject }) => [LIMIT_NAME(scopeText(scope), metric, subject), id])),
    },
    fingerprint: createHash('sha256').update(JSON.stringify([items, versions])).digest('hex').slice(0, 32),
  };
}

/** Said only where it is so: to pay for what is delivered is nothing that a difference has to name. */
export function projectFields(paysAttempts: boolean): Item['fields'] {
  return paysAttempts ? { paysAttempts } : {};
}

/** Each target as a field of its own, so that a difference names the one that changed. */
export function targetItems(targets: readonly object[]): Record<string, unknown> {
  return Object.fromEntries(targets.map((target, index) => [`targets[${index}]`, target]));
}

/** What an alias has otherwise than all. */
function ownLimits(limits: CallLimits, base: CallLimits): Record<string, unknown> {
  const all: Record<string, unknown> = limitsView(base);
  return Object.fromEntries(Object.entries(limitsView(limits)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(all[name])));
}

/** Keys that live, the newest of a name. */
async function everyKey(principal: Principal, keys: ConfigRooms['keys']): Promise<{ id: string; name: string }[]> {
  const found: { id: string; name: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = await keys.list(principal, { limit: 500, ...(cursor !== undefined && { cursor }) });
    found.push(...page.items.filter(({ state }) => state === 'active'));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}
