import type { BudgetDirectory, Budget } from '../budgets/directory.ts';
import { windowCounting, windowEnd } from '../budgets/window.ts';
import { contextJson } from '../events/records.ts';
import type { PriceVersion } from '../prices/types.ts';
import type { Slice } from '../slices/slice.ts';
import type { Slices } from '../slices/slices.ts';
import type { Admission } from '../events/call.ts';
import type { CallerLimits, LimitGate } from '../limits/gate.ts';
import type { PathNames } from './refusal.ts';

/** What all calls of one key to one resource under one price share, until a window ends or a budget changes. */
export interface Scope {
  readonly projectId: string;
  readonly budgets: readonly Budget[];
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

const KEPT = 50_000;

/** Remembers scopes, so that admitting a call looks one thing up. */
export class Scopes {
  readonly #directory: BudgetDirectory;
  readonly #slices: Slices;
  readonly #gate: LimitGate;
  readonly #names: Pick<PathNames, 'organisation'>;
  #known = new Map<string, Scope>();

  constructor(directory: BudgetDirectory, slices: Slices, gate: LimitGate, names: Pick<PathNames, 'organisation'>) {
    this.#directory = directory;
    this.#slices = slices;
    this.#gate = gate;
    this.#names = names;
  }

  of(admission: Admission, price: PriceVersion): Scope {
    const key = `${admission.keyId ?? admission.organisationId} ${admission.projectId ?? ''} ${admission.tier} ${admission.serviceTier ?? 'default'} ${admission.resource}`;
    const known = this.#known.get(key);
    const atMs = admission.admittedAtMs;
    if (known !== undefined && known.price === price && known.version === this.#version() && known.fromMs <= atMs && atMs < known.untilMs) return known;
    const scope = this.#make(admission, price);
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, scope);
    return scope;
  }

  #version(): number {
    return this.#directory.version + this.#slices.version + this.#gate.version;
  }

  #make(admission: Admission, price: PriceVersion): Scope {
    const { organisationId, keyId, resource, tier, admittedAtMs } = admission;
    const projectId = admission.projectId ?? organisationId;
    const version = this.#version();
    const budgets: Budget[] = [];
    const slices: Slice[] = [];
    let fromMs = 0;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const budget of this.#directory.covering(organisationId, projectId, keyId)) {
      const windowStartMs = windowCounting(budget, admittedAtMs);
      if (windowStartMs === null) {
        untilMs = admittedAtMs;
        continue;
      }
      fromMs = Math.max(fromMs, windowStartMs, budget.period === 'total' ? budget.firstWindowMs : 0);
      untilMs = Math.min(untilMs, windowEnd(budget.period, windowStartMs) ?? untilMs);
      budgets.push(budget);
      slices.push(this.#slices.of({ organisationId, ownerId: budget.id, counted: '', windowStartMs, windowEndMs: null }));
    }
    const json = contextJson({
      organisationId, projectId, keyId, resource, tier, serviceTier: admission.serviceTier ?? 'default', priceId: price.id, currency: price.currency,
      windows: slices.map(({ key }) => ({ budgetId: key.ownerId, windowStartMs: key.windowStartMs })),
    });
    const withoutCredit = this.#names.organisation(organisationId)?.billing === 'prepaid' && !budgets.some((budget) => budget.kind === 'prepaid');
    return { projectId, budgets, slices, json, price, withoutCredit, limits: this.#gate.limitsOf({ organisationId, projectId, keyId, resource }), version, fromMs, untilMs };
  }
}
