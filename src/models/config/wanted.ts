import { TandemError, formatAmount, parseAmount } from '../../base/index.ts';
import { callLimits, limitsView } from '../registry/forms.ts';
import type { CallLimits } from '../registry/target.ts';
import type { Item } from './diff.ts';
import type { ConfigFile } from './form.ts';
import { longBuckets, shortBuckets } from './prices.ts';
import { BUDGET_NAME, LIMIT_NAME, PRICE_NAME, SEALED, projectFields, targetItems, type State } from './state.ts';

/**
 * What a file wants, in the form in which it is compared with what is there.
 * @param sameKey whether this is the key that is sealed under that backend and label.
 * @throws TandemError invalid_request naming the place: a name that is there twice, or leads nowhere.
 */
export function wantedItems(file: ConfigFile, state: State, limits: CallLimits, sameKey: (backend: string, label: string, key: string) => boolean): Item[] {
  const sealed = new Set(state.items.filter(({ kind }) => kind === 'key').map(({ name }) => name));
  demandKeys(file, sealed);
  const items: Item[] = [
    ...(file.projects ?? []).map(({ name, paysAttempts }): Item => {
      const now = state.items.find((item) => item.kind === 'project' && item.name === name)?.fields ?? {};
      return { kind: 'project', name, fields: paysAttempts === undefined ? now : projectFields(paysAttempts) };
    }),
    ...(file.backends ?? []).flatMap(({ name, keys, ...fields }): Item[] => [{ kind: 'backend', name, fields }, ...keys.map(({ label, key, ...rest }): Item => {
      const isThere = sealed.has(`${name}/${label}`);
      return { kind: 'key', name: `${name}/${label}`, fields: { ...rest, key: key === undefined || (isThere && sameKey(name, label, key)) ? SEALED : isThere ? 'another one' : 'given' } };
    })]),
    ...(file.models ?? []).map(({ name, goal, regions, limits: given, targets }): Item => ({
      kind: 'model', name, fields: { goal, regions, ...limitsView(callLimits(given, limits)), ...targetItems(targets) },
    })),
    ...(file.prices ?? []).map(({ model, tier, costOf, buckets }): Item => ({ kind: 'price', name: PRICE_NAME(model, tier, costOf), fields: shortBuckets(longBuckets(buckets)) })),
    ...(file.budgets ?? []).map(({ scope, period, amount, alertShares, subject }): Item => ({
      kind: 'budget', name: BUDGET_NAME(scope, period, subject), fields: { amount: formatAmount(parseAmount(amount)!), alertShares: alertShares.toSorted((a, b) => a - b) },
    })),
    ...(file.limits ?? []).map(({ scope, metric, subject, amount }): Item => ({ kind: 'limit', name: LIMIT_NAME(scope, metric, subject), fields: { amount } })),
  ];
  const seen = new Set<string>();
  for (const { kind, name } of items) {
    if (seen.has(`${kind} ${name}`)) throw refused(`${kind}s`, `There are two of ${kind} ${name}.`);
    seen.add(`${kind} ${name}`);
  }
  demandBackends(file, state);
  demandScopes(file, state);
  return items;
}

/** Every backend that is named must be there, or come with the file; one of the operator's file is changed in that file. */
function demandBackends(file: ConfigFile, state: State): void {
  const fixed = new Set(state.backends.filter(({ from }) => from !== 'api').map(({ name }) => name));
  for (const [at, { name }] of (file.backends ?? []).entries()) {
    if (fixed.has(name)) throw refused(`backends[${at}].name`, `${name} is a backend of the operator's file or of the server itself, and is changed there.`);
  }
  const known = new Set([...fixed, ...(file.backends ?? state.backends).map(({ name }) => name)]);
  for (const [at, { name, targets }] of (file.models ?? []).entries()) {
    if (state.aliases.some((alias) => alias.name === name && alias.from !== 'api')) throw refused(`models[${at}].name`, `${name} is a name of the operator's file or of the server itself, and is changed there.`);
    for (const [targetAt, { backend }] of targets.entries()) {
      if (!known.has(backend)) throw refused(`models[${at}].targets[${targetAt}].backend`, `There is no backend ${backend}, neither here nor in the file.`);
    }
  }
  for (const [at, { costOf }] of (file.prices ?? []).entries()) {
    if (costOf !== null && !known.has(costOf)) throw refused(`prices[${at}].costOf`, `There is no backend ${costOf}, neither here nor in the file.`);
  }
}

function demandScopes(file: ConfigFile, state: State): void {
  const projects = new Set([...state.ids.project.keys(), ...(file.projects ?? []).map(({ name }) => name)]);
  const check = (scope: string, at: string) => {
    const [kind, ...rest] = scope.split(':');
    const name = rest.join(':');
    if (kind === 'project' && !projects.has(name)) throw refused(at, `There is no project ${name}, neither here nor in the file.`);
    if (kind === 'key' && !state.ids.key.has(name)) throw refused(at, `There is no key ${name} here. Keys are made with tandem keys create: their secret is shown once.`);
  };
  for (const [at, { scope }] of (file.budgets ?? []).entries()) check(scope, `budgets[${at}].scope`);
  for (const [at, { scope }] of (file.limits ?? []).entries()) check(scope, `limits[${at}].scope`);
}

/** Names listed when keys are missing; how many there are is said in any case. */
const MOST_NAMED = 5;

/** Names every key that is neither in the file nor sealed here, as all of another installation's export are. */
function demandKeys(file: ConfigFile, sealed: ReadonlySet<string>): void {
  const missing = (file.backends ?? []).flatMap(({ name, keys }, at) => keys.flatMap(({ label, key }, keyAt) => (
    key !== undefined || sealed.has(`${name}/${label}`) ? [] : [{ name: `${name}/${label}`, place: `backends[${at}].keys[${keyAt}]` }])));
  if (missing.length === 0) return;
  const named = missing.slice(0, MOST_NAMED).map(({ name }) => name).join(', ');
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : '';
  throw refused(missing[0]!.place, `No key is sealed here for ${named}${more}: give each by keyEnv or keyFile, beside its label.`);
}

function refused(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { param, params: { reason } });
}
