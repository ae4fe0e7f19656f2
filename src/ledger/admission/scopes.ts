import { budgetsOf, type Budget, type BudgetDirectory } from '../budgets/directory.ts';
import { ALL, type FullWindows } from '../budgets/counted.ts';
import { windowCounting, windowEnd } from '../budgets/window.ts';
import { labelsOf, type Labels } from '../events/labels.ts';
import { contextJson } from '../events/records.ts';
import { ruleOf, type NamedRules, type Rule } from '../holders/rules.ts';
import type { PathNames } from '../holders/names.ts';
import type { PriceVersion } from '../prices/types.ts';
import type { Slice } from '../slices/slice.ts';
import type { Slices } from '../slices/slices.ts';
import type { Admission } from '../events/call.ts';
import type { CallerLimits, LimitGate } from '../limits/gate.ts';

/** What all calls of one key to one resource under one price share, until a window ends or a budget changes. */
export interface Scope {
  readonly projectId: string;
  /** The budgets that hold the call, and by whose name each counts it. */
  readonly rules: readonly Rule<Budget>[];
  /** In the order of the rules. */
  readonly slices: readonly Slice[];
  /** The shared part of the admission record. */
  readonly json: string;
  readonly price: PriceVersion;
  /** Of a prepaid organisation that was never given credit. */
  readonly withoutCredit: boolean;
  /** Null: no limit on requests or tokens. */
  readonly limits: CallerLimits | null;
  /** Of budgets, limits and their slices together: all only rise. */
  readonly version: number;
  /** Admissions in [from, until) belong to these windows. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What is the same for all users and tags. */
interface SharedScope extends Scope {
  /** Null: no budget counts by user or tag. */
  readonly named: {
    readonly users: readonly NamedRules<Budget>[];
    readonly tags: readonly NamedRules<Budget>[];
    /** By user and tags. */
    readonly known: Map<string, Scope>;
  } | null;
}

const KEPT = 50_000;
/** Callers make users and tags up as they like. */
const KEPT_BY_NAME = 10_000;

export interface ScopesOptions {
  readonly directory: BudgetDirectory;
  readonly slices: Slices;
  readonly full: FullWindows;
  readonly gate: LimitGate;
  readonly names: Pick<PathNames, 'organisation'>;
}

/** Remembers scopes, so that admitting a call looks one thing up, or two where budgets count by user or tag. */
export class Scopes {
  readonly #options: ScopesOptions;
  readonly #known = new Map<string, SharedScope>();
  #byName = 0;
  /** The version of the budgets that is known of full windows. */
  #counted = 0;

  constructor(options: ScopesOptions) {
    this.#options = options;
  }

  /** What holds this call. */
  of(admission: Admission, price: PriceVersion): Scope {
    const scope = this.shared(admission, price);
    if (scope.named === null) return scope;
    const labels = labelsOf(admission);
    const name = [labels.user, ...labels.tags].join('\u0000');
    const known = scope.named.known.get(name);
    if (known !== undefined) return known;
    this.#byName += 1;
    if (this.#byName > KEPT_BY_NAME) {
      this.#byName = 0;
      for (const one of this.#known.values()) one.named?.known.clear();
    }
    const made = this.#ofNames(scope, scope.named, labels, admission, price);
    scope.named.known.set(name, made);
    return made;
  }

  /** What holds all calls like this one, whoever they are for. */
  shared(admission: Admission, price: PriceVersion): SharedScope {
    const key = `${admission.keyId ?? admission.organisationId} ${admission.projectId ?? ''} ${admission.tier} ${admission.serviceTier ?? 'default'} ${admission.resource}`;
    const known = this.#known.get(key);
    const atMs = admission.admittedAtMs;
    if (known !== undefined && known.price === price && known.version === this.#version() && known.fromMs <= atMs && atMs < known.untilMs) return known;
    const scope = this.#make(admission, price);
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, scope);
    return scope;
  }

  /** Whether a name turned out to be past its window's bound: then another scope holds the call. */
  isPastBound({ key }: Slice): boolean {
    return this.#options.full.isPastBound(key.ownerId, key.windowStartMs, key.counted);
  }

  #version(): number {
    const { directory, slices, gate, full } = this.#options;
    return directory.version + slices.version + gate.version + full.version;
  }

  #make(admission: Admission, price: PriceVersion): SharedScope {
    const { directory, full, names, gate } = this.#options;
    const { organisationId, keyId, resource, admittedAtMs } = admission;
    const projectId = admission.projectId ?? organisationId;
    if (this.#counted !== directory.version) {
      this.#counted = directory.version;
      full.keepOnly(directory.ids());
    }
    const version = this.#version();
    const caller = { organisationId, projectId, keyId, resource };
    const { fixed, users, tags } = budgetsOf(directory, caller);
    const counting = fixed.filter(({ limit }) => windowCounting(limit, admittedAtMs) !== null);
    const slices = counting.map((rule) => this.#sliceOf(rule, admittedAtMs)!);
    const named = users.length + tags.length === 0 ? null : { users, tags, known: new Map<string, Scope>() };
    const json = contextOf(admission, projectId, price, slices);
    const withoutCredit = names.organisation(organisationId)?.billing === 'prepaid' && !fixed.some(({ limit }) => limit.kind === 'prepaid');
    return {
      projectId, rules: counting, slices, json, price, withoutCredit, limits: gate.limitsOf(caller), version, named,
      ...boundsOf([...fixed.map(({ limit }) => limit), ...[...users, ...tags].flatMap(({ byName, each }) => [...byName.values(), ...(each === null ? [] : [each])])], admittedAtMs),
    };
  }

  #ofNames(scope: SharedScope, { users, tags }: NonNullable<SharedScope['named']>, labels: Labels, admission: Admission, price: PriceVersion): Scope {
    const rules = [...scope.rules];
    const slices = [...scope.slices];
    const add = (named: readonly NamedRules<Budget>[], name: string) => {
      for (const one of named) {
        const rule = ruleOf(one, name);
        const slice = rule && this.#sliceOf(rule, admission.admittedAtMs);
        // Tags past the bound share one count, from which a call is held once.
        if (!rule || !slice || slices.includes(slice)) continue;
        rules.push(rule);
        slices.push(slice);
      }
    };
    add(users, labels.user);
    for (const tag of labels.tags) add(tags, tag);
    return { ...scope, rules, slices, json: contextOf(admission, scope.projectId, price, slices, labels) };
  }

  /** Null: the budget does not count the call. */
  #sliceOf({ limit, counted }: Rule<Budget>, atMs: number): Slice | null {
    const { slices, full } = this.#options;
    const windowStartMs = windowCounting(limit, atMs);
    if (windowStartMs === null) return null;
    return slices.of({
      organisationId: limit.organisationId, ownerId: limit.id, counted: counted === null ? ALL : full.countedIn(limit.id, windowStartMs, counted), windowStartMs, windowEndMs: null,
    });
  }
}

/** From when until when the same windows count. */
function boundsOf(budgets: readonly Budget[], atMs: number): { fromMs: number; untilMs: number } {
  let fromMs = 0;
  let untilMs = Number.POSITIVE_INFINITY;
  for (const budget of budgets) {
    const startMs = windowCounting(budget, atMs);
    if (startMs === null) return { fromMs, untilMs: atMs };
    fromMs = Math.max(fromMs, startMs, budget.period === 'total' ? budget.firstWindowMs : 0);
    untilMs = Math.min(untilMs, windowEnd(budget.period, startMs) ?? untilMs);
  }
  return { fromMs, untilMs };
}

function contextOf(admission: Admission, projectId: string, price: PriceVersion, slices: readonly Slice[], labels?: Labels): string {
  const { organisationId, keyId, resource, tier } = admission;
  return contextJson({
    organisationId, projectId, keyId, resource, tier, serviceTier: admission.serviceTier ?? 'default', priceId: price.id, currency: price.currency,
    windows: slices.map(({ key }) => ({ budgetId: key.ownerId, windowStartMs: key.windowStartMs, counted: key.counted })), labels,
  });
}
