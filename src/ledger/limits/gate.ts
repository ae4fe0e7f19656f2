import type { Admission } from '../events/call.ts';
import { ruleOf, type Caller, type NamedRules, type Rules } from '../holders/rules.ts';
import type { Slice } from '../slices/slice.ts';
import type { Slices } from '../slices/slices.ts';
import { CallLimits, type Standing } from './call-limits.ts';
import type { Counter } from './counter.ts';
import { Counters } from './counters.ts';
import { limitsOf, type LimitDirectory } from './directory.ts';
import type { Limit } from './limit.ts';

/** What limits all calls of one key to one model. */
export interface CallerLimits {
  readonly rules: Rules<Limit>;
  /** Of the rules that are the same for every call, until their minute turns. */
  standing: Standing | undefined;
  fromMs: number;
  untilMs: number;
}

/** Calls that name no user count as one user's: leaving the name out is no way around a limit on each. */
const NO_USER = '';

/** Finds what a call has to be taken from. */
export class LimitGate {
  readonly #directory: LimitDirectory;
  readonly #slices: Slices;
  readonly #counters: Counters;
  /** The version of the limits that the counters are of. */
  #counted = 0;

  constructor(directory: LimitDirectory, slices: Slices, counters = new Counters(slices)) {
    this.#directory = directory;
    this.#slices = slices;
    this.#counters = counters;
  }

  /** Rises when limits change, or slices that callers keep are no more. */
  get version(): number {
    return this.#directory.version + this.#slices.version;
  }

  /** Null: nothing limits this caller. */
  limitsOf(caller: Caller): CallerLimits | null {
    if (this.#counted !== this.#directory.version) {
      this.#counted = this.#directory.version;
      this.#counters.keepOnly(this.#directory.ids());
    }
    const rules = limitsOf(this.#directory, caller);
    return rules === null ? null : { rules, standing: undefined, fromMs: 0, untilMs: 0 };
  }

  /** What this call takes. Memory only. */
  callOf(limits: CallerLimits, admission: Admission): CallLimits {
    const { admittedAtMs, worst, user, tags } = admission;
    const { users, tags: tagRules } = limits.rules;
    let standing = limits.standing;
    if (standing === undefined || admittedAtMs < limits.fromMs || admittedAtMs >= limits.untilMs) standing = this.#stand(limits, admittedAtMs);
    if (users.length > 0 || (tagRules.length > 0 && tags !== undefined && tags.length > 0)) {
      const own: Counter[] = [];
      this.#addNamed(own, users, user ?? NO_USER, admittedAtMs);
      if (tags !== undefined) for (const tag of new Set(tags)) this.#addNamed(own, tagRules, tag, admittedAtMs);
      if (own.length > 0) standing = standingOf([...standing.counters, ...own], admittedAtMs);
    }
    return new CallLimits(standing, worst, admittedAtMs, this.#slices);
  }

  #stand(limits: CallerLimits, atMs: number): Standing {
    const counters = limits.rules.fixed.map(({ limit, counted }) => this.#counters.of(limit, counted, atMs));
    const standing = standingOf(counters, atMs);
    limits.standing = standing;
    limits.fromMs = Math.max(0, ...counters.map((counter) => counter.fromMs));
    limits.untilMs = Math.min(Number.POSITIVE_INFINITY, ...counters.map((counter) => counter.untilMs));
    return standing;
  }

  #addNamed(into: Counter[], rules: readonly NamedRules<Limit>[], name: string, atMs: number): void {
    for (const named of rules) {
      const rule = ruleOf(named, name);
      if (rule !== undefined) into.push(this.#counters.of(rule.limit, rule.counted, atMs));
    }
  }
}

function standingOf(counters: readonly Counter[], atMs: number): Standing {
  const slices: Slice[] = [];
  const by = { requests: [] as Slice[], tokens: [] as Slice[], parallel: [] as Slice[] };
  for (const counter of counters) {
    const slice = counter.at(atMs);
    slices.push(slice);
    by[counter.limit.metric].push(slice);
  }
  // Names past the bound share one count, from which a call takes once.
  return { counters, slices, requests: unique(by.requests), tokens: unique(by.tokens), parallel: unique(by.parallel) };
}

function unique(slices: Slice[]): Slice[] {
  return slices.length < 2 ? slices : [...new Set(slices)];
}
