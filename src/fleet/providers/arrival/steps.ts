/**
 * From a delivered machine to a node: in by the provider's SSH, the enrolment line, the agent's first connection, the password that the
 * provider knows changed, ports for people closed, and a look from outside whether they are.
 */
export const ARRIVAL_STEPS = ['enter', 'enrol', 'connect', 'password', 'close', 'probe'] as const;
export type ArrivalStep = (typeof ARRIVAL_STEPS)[number];

/** What is known of a step that was begun. */
export interface StepFacts {
  readonly step: ArrivalStep;
  readonly state: 'working' | 'waiting' | 'person' | 'done';
  readonly attempts: number;
}

const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
/** After so many tries a person is told that it does not pass by itself. */
const MOST_TRIES = 8;

/** The first step that is not done; undefined: the machine is a node. */
export function nextStep(known: readonly Pick<StepFacts, 'step' | 'state'>[]): ArrivalStep | undefined {
  const done = new Set(known.filter(({ state }) => state === 'done').map(({ step }) => step));
  return ARRIVAL_STEPS.find((step) => !done.has(step));
}

/**
 * What a failed try leaves: who has to do something, and when it is tried again.
 * @param attempts with this one. @param soonMs null: later each time.
 */
export function afterFault(kind: 'again' | 'person', attempts: number, soonMs: number | null): { readonly state: 'waiting' | 'person'; readonly waitMs: number } {
  if (kind === 'person') return { state: 'person', waitMs: LONGEST_MS };
  if (soonMs !== null) return { state: 'waiting', waitMs: soonMs };
  return { state: attempts >= MOST_TRIES ? 'person' : 'waiting', waitMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 10)) };
}
