import { ifSeen } from '../costs.ts';

/** What a call waited for, one after the other. `settle` comes after the reply: until its usage is in the books. */
export type StageName = 'queue' | 'connect' | 'first_token' | 'stream' | 'settle';

/** A bar of the waterfall, in milliseconds from the admission. */
export interface Stage {
  readonly stage: StageName;
  readonly startMs: number;
  readonly ms: number;
  /** What it waited for, in words. */
  readonly reason: string;
}

export interface Try {
  readonly number: number;
  readonly backendId: string | null;
  readonly backendName: string | null;
  readonly backendModel: string | null;
  /** Which of the backend's keys, by its label. */
  readonly backendKey: string | null;
  readonly outcome: string;
  readonly httpStatus: number | null;
  /** Whether the reply came from this try. */
  readonly served: boolean;
  readonly hedged: boolean;
  readonly countedBy: string | null;
  readonly startMs: number;
  readonly ms: number;
  readonly stages: Stage[];
  readonly quantities: Readonly<Record<string, string>>;
  /** What the caller pays of it; null: nothing. */
  readonly charge: string | null;
  /** Null: not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
  readonly reason: string;
}

export interface Timeline {
  readonly totalMs: number | null;
  readonly stages: Stage[];
  readonly attempts: Try[];
}

type Attributes = Readonly<Record<string, unknown>>;

export interface TimelineInput {
  readonly attributes: Attributes;
  readonly outcome: string;
  /** Of the admission and of the posting. */
  readonly occurredAtMs: number;
  readonly recordedAtMs: number;
  readonly backendNames: (id: string) => string | null;
  readonly seesCosts: boolean;
}

/**
 * The waterfall of a call out of what its event says. Older events say less: what is missing is left out, or placed
 * by what is known (tries one after the other), and never made up.
 */
export function timelineOf({ attributes, outcome, occurredAtMs, recordedAtMs, backendNames, seesCosts }: TimelineInput): Timeline {
  const timings = object(attributes['timings']);
  const total = number(timings['totalMs']);
  const attempts = attemptsOf(attributes);
  const served = servedTry(attempts);
  const name = served === undefined ? 'the backend' : (nameOf(served, backendNames) ?? 'the backend');
  const stages = total === null ? [] : stagesOf(timings, 0, total, name, attempts.length);
  if (total !== null) {
    const postedMs = recordedAtMs - occurredAtMs - total;
    stages.push({ stage: 'settle', startMs: total, ms: Math.max(0, round(postedMs)), reason: 'In the log before the reply ended; this much later in the books.' });
  }
  return { totalMs: total, stages, attempts: tries(attempts, served, number(timings['queueMs']) ?? 0, total, outcome, backendNames, seesCosts) };
}

/** The first token of a call, from its admission; null where there was none. */
export function firstTokenMs(attributes: Attributes): number | null {
  return positive(object(attributes['timings'])['firstTokenMs']);
}

export function totalMs(attributes: Attributes): number | null {
  return number(object(attributes['timings'])['totalMs']);
}

function stagesOf(timings: Attributes, startMs: number, total: number, backend: string, attempts: number): Stage[] {
  const [queue, connect, first] = [positive(timings['queueMs']), positive(timings['connectMs']), positive(timings['firstTokenMs'])];
  const stages: Stage[] = [];
  let at = 0;
  const add = (stage: StageName, untilMs: number, reason: string) => {
    const ms = round(Math.min(untilMs, total) - at);
    if (ms <= 0) return;
    stages.push({ stage, startMs: round(startMs + at), ms, reason });
    at = Math.min(untilMs, total);
  };
  if (queue !== null) add('queue', queue, `Waited until ${backend} had a free place.`);
  if (connect !== null) add('connect', (queue ?? 0) + connect, `Until ${backend} had taken the request.`);
  if (first === null) {
    add('first_token', total, attempts > 1 ? 'No token came, from none of the tries.' : `No token came from ${backend}.`);
    return stages;
  }
  add('first_token', first, attempts > 1 ? `Until the first token; tries before the one that served are in it.` : `${backend} read the prompt.`);
  add('stream', total, 'From the first token to the last.');
  return stages;
}

function tries(attempts: readonly Attributes[], deliverer: Attributes | undefined, queueMs: number, total: number | null, outcome: string, backendNames: (id: string) => string | null, seen: boolean): Try[] {
  let at = queueMs;
  return attempts.map((one, index) => {
    const ms = number(one['ms']) ?? 0;
    const startMs = number(one['startedMs']) ?? at;
    at = startMs + ms;
    const backendName = nameOf(one, backendNames);
    const isLast = index === attempts.length - 1;
    const own = text(one['outcome']) ?? outcome;
    const httpStatus = number(one['httpStatus']);
    const served = one === deliverer && own !== 'failed';
    const stages = number(one['firstTokenMs']) === null && number(one['connectMs']) === null ? [] : stagesOf(one, startMs, ms, backendName ?? 'the backend', 1);
    return {
      number: index + 1, backendId: text(one['backendId']), backendName, backendModel: text(one['backendModel']), backendKey: text(one['backendKey']), outcome: own, httpStatus, served,
      hedged: one['hedged'] === true, countedBy: text(one['countedBy']), startMs: round(startMs), ms: round(total === null ? ms : Math.min(ms, Math.max(0, total - startMs))), stages,
      quantities: quantitiesOf(one['quantities']), charge: text(one['charge']), ...ifSeen(seen, { cost: text(one['cost']) }), reason: reasonOf({ own, httpStatus, served, isLast, hedged: one['hedged'] === true, billed: one['billed'] !== undefined }),
    };
  });
}

function reasonOf({ own, httpStatus, served, isLast, hedged, billed }: { own: string; httpStatus: number | null; served: boolean; isLast: boolean; hedged: boolean; billed: boolean }): string {
  const whose = billed ? 'the project pays for such tries' : 'our cost alone';
  if (served) return own === 'completed' ? 'This one served the reply.' : `The reply came from here: ${outcomeWords(own)}.`;
  if (hedged) return `Sent beside another one, which was quicker; ${whose}.`;
  const status = httpStatus === null ? 'no answer' : `HTTP ${httpStatus}`;
  return `${isLast ? 'The last try' : 'Another one followed'}: ${status}, ${outcomeWords(own)}${billed ? `; ${whose}` : ''}.`;
}

/** The end of a call, as a part of a sentence. */
export function outcomeWords(outcome: string): string {
  switch (outcome) {
    case 'completed': return 'it ended well';
    case 'client_left': return 'the client left before the end';
    case 'failed': return 'it failed before a token came';
    case 'cut': return 'it broke off in the middle';
    case 'deadline': return 'it took longer than its deadline';
    default: return outcome;
  }
}

/** A backend's name today, else as it was then, else its id. */
function nameOf(attempt: Attributes, backendNames: (id: string) => string | null): string | null {
  const id = text(attempt['backendId']);
  return id === null ? null : (backendNames(id) ?? text(attempt['backend']) ?? id);
}

/** Every try of a call, in the order in which they began. */
export function attemptsOf(attributes: Attributes): Attributes[] {
  const attempts = attributes['attempts'];
  return Array.isArray(attempts) ? attempts.map(object) : [];
}

/** The try whose reply the caller got: the one that says so, else the last. */
export function servedTry(attempts: readonly Attributes[]): Attributes | undefined {
  return attempts.find((one) => one['delivered'] === true) ?? attempts.at(-1);
}

function object(value: unknown): Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Attributes) : {};
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function positive(value: unknown): number | null {
  const found = number(value);
  return found !== null && found > 0 ? found : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function quantitiesOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(object(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

/** To a tenth of a millisecond. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
