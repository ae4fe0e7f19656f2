import { z } from 'zod';
import { CAPABILITIES, GOALS, type CallLimits } from './target.ts';

/** Forms that the operator's file, the configuration's file and the control API share. */

const seconds = z.number().positive().max(86_400);
const limit = z.int().min(1).max(1_000_000_000).nullable().default(null);

export const keyLimitsForm = { requestsPerMinute: limit, tokensPerMinute: limit, parallel: limit };
export const keyText = z.string().min(1).max(8000).regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
export const keyLabel = z.string().min(1).max(60).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a word such as team-a');
export const regionName = z.string().min(1).max(60).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a word such as eu-west');
export const goalForm = z.enum(GOALS);
export const backendOptions = z.record(z.string().min(1).max(60), z.string().max(300)).refine((given) => Object.keys(given).length <= 20, 'must hold at most 20 options');

export const targetForm = {
  model: z.string().min(1).max(300).describe('The model\'s name at the backend'),
  weight: z.int().min(0).max(1000).default(1).describe('Its share beside the other targets; 0: only where no other can answer'),
  order: z.int().min(0).max(100).default(0).describe('Those with a lesser one go first, whatever the goal'),
  region: regionName.nullable().default(null),
  enabled: z.boolean().default(true),
  contextTokens: z.int().min(1).max(100_000_000).nullable().default(null),
  maxOutputTokens: z.int().min(1).max(10_000_000).default(4096),
  outputLimitField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
  can: z.partialRecord(z.enum(CAPABILITIES), z.boolean()).default({}).describe('What the model is said to do or not to do; what is not said is tried'),
};

export const limitsForm = z.strictObject({
  attempts: z.int().min(1).max(10),
  attemptsWithinSeconds: seconds,
  connectSeconds: seconds,
  headSeconds: seconds,
  firstTokenSeconds: seconds,
  gapSeconds: seconds,
  wholeSeconds: seconds,
  hedge: z.strictObject({ afterMs: z.int().min(1).max(600_000).nullable().default(null), share: z.number().positive().max(0.5) }).nullable(),
}).partial();
export type GivenLimits = z.infer<typeof limitsForm>;

/** What was given, and for the rest what holds everywhere. */
export function callLimits(given: GivenLimits, base: CallLimits): CallLimits {
  const ms = (value: number | undefined, fallback: number) => (value === undefined ? fallback : value * 1000);
  return {
    attempts: given.attempts ?? base.attempts,
    attemptsWithinMs: ms(given.attemptsWithinSeconds, base.attemptsWithinMs),
    deadlines: {
      connectMs: ms(given.connectSeconds, base.deadlines.connectMs), headMs: ms(given.headSeconds, base.deadlines.headMs), firstTokenMs: ms(given.firstTokenSeconds, base.deadlines.firstTokenMs),
      gapMs: ms(given.gapSeconds, base.deadlines.gapMs), wholeMs: ms(given.wholeSeconds, base.deadlines.wholeMs),
    },
    hedge: given.hedge === undefined ? base.hedge : given.hedge,
  };
}

/** Limits as the control API shows them. */
export function limitsView({ attempts, attemptsWithinMs, deadlines, hedge }: CallLimits) {
  return {
    attempts, attemptsWithinSeconds: attemptsWithinMs / 1000, connectSeconds: deadlines.connectMs / 1000, headSeconds: deadlines.headMs / 1000,
    firstTokenSeconds: deadlines.firstTokenMs / 1000, gapSeconds: deadlines.gapMs / 1000, wholeSeconds: deadlines.wholeMs / 1000, hedge,
  };
}
