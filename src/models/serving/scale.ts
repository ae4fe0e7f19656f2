/** What a decision about the number of replicas is made of. */
export interface Load {
  readonly min: number;
  readonly max: number;
  /** How many there are to be as things stand. */
  readonly wanted: number;
  /** Of those, how many answer. */
  readonly ready: number;
  /** Answers that run, and that wait inside the engines. */
  readonly running: number;
  readonly waiting: number;
  /** Answers that one replica makes at a time. */
  readonly parallel: number;
  /** Mean of late; null: none was seen. */
  readonly firstTokenMs: number | null;
  /** Above it there is to be one more; null: by the queue alone. */
  readonly targetFirstTokenMs: number | null;
  /** Since a replica had work last. */
  readonly idleMs: number;
  /** After which it goes down to `min`; null: never. */
  readonly idleAfterMs: number | null;
  /** A call found no replica, and none has answered since. */
  readonly called: boolean;
  /** Since the number was changed last. */
  readonly sinceChangeMs: number;
}

export interface Scale {
  readonly replicas: number;
  readonly reason: string;
}

/** So long a new replica is given to take its share before another one is asked for. */
const UP_AFTER_MS = 15_000;
/** So long fewer must have been enough: a replica that goes takes its start again when it is missed. */
const DOWN_AFTER_MS = 120_000;
/** Fewer are enough when those that stay would be used no more than this. */
const CALM = 0.5;

/** How many replicas there are to be. Pure; what is not said by the load stays as it is. */
export function scale(load: Load): Scale {
  const { min, max } = load;
  const bounded = Math.min(max, Math.max(min, load.wanted));
  if (load.called && bounded === 0) return { replicas: 1, reason: 'a call found no replica' };
  if (bounded !== load.wanted) return { replicas: bounded, reason: bounded > load.wanted ? `there are to be ${min} at least` : `there are to be ${max} at most` };
  return up(load) ?? down(load) ?? { replicas: bounded, reason: staying(load) };
}

function up({ max, wanted, ready, running, waiting, parallel, firstTokenMs, targetFirstTokenMs, sinceChangeMs }: Load): Scale | null {
  // While some are still on their way the load says nothing of what they will take.
  if (wanted >= max || ready < wanted || ready === 0 || sinceChangeMs < UP_AFTER_MS) return null;
  if (waiting > 0) {
    const needed = Math.ceil((running + waiting) / parallel);
    return { replicas: Math.min(max, Math.max(wanted + 1, Math.min(needed, wanted * 2))), reason: `${waiting} answers wait in ${ready === 1 ? 'one replica' : `${ready} replicas`}` };
  }
  if (targetFirstTokenMs !== null && firstTokenMs !== null && firstTokenMs > targetFirstTokenMs && running > 0) {
    return { replicas: wanted + 1, reason: `the first token takes ${Math.round(firstTokenMs)} ms, and ${targetFirstTokenMs} are wanted` };
  }
  return null;
}

function down(load: Load): Scale | null {
  const { min, wanted, ready, running, waiting, parallel, idleMs, idleAfterMs, sinceChangeMs, firstTokenMs, targetFirstTokenMs } = load;
  if (wanted <= min || waiting > 0) return null;
  if (idleAfterMs !== null && running === 0 && !load.called && idleMs >= idleAfterMs && sinceChangeMs >= Math.min(idleAfterMs, DOWN_AFTER_MS)) return { replicas: min, reason: `nobody has called it for ${Math.round(idleAfterMs / 60_000)} minutes` };
  const late = targetFirstTokenMs !== null && firstTokenMs !== null && firstTokenMs > targetFirstTokenMs && running > 0;
  if (wanted > Math.max(1, min) && ready >= wanted && !late && sinceChangeMs >= DOWN_AFTER_MS && running <= (wanted - 1) * parallel * CALM) return { replicas: wanted - 1, reason: 'fewer are enough' };
  return null;
}

function staying({ wanted, ready }: Load): string {
  if (wanted === 0) return 'nobody calls it';
  return ready < wanted ? `${wanted - ready} of ${wanted} are on their way` : 'as many as are needed';
}
