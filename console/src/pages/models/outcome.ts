import type { Tone } from '../../ui/state.tsx';

/** How a call ended, as the pages say it. */
const OUTCOMES: Readonly<Record<string, { readonly tone: Tone; readonly word: string; readonly sentence: string }>> = {
  completed: { tone: 'good', word: 'Completed', sentence: 'It ended well' },
  client_left: { tone: 'idle', word: 'Client left', sentence: 'The client left before the end' },
  failed: { tone: 'bad', word: 'Failed', sentence: 'It failed before a token came' },
  cut: { tone: 'bad', word: 'Cut off', sentence: 'It broke off in the middle' },
  deadline: { tone: 'bad', word: 'Deadline', sentence: 'It took longer than its deadline' },
  refused: { tone: 'warn', word: 'Refused', sentence: 'It was refused and not sent to a backend' },
};

export function outcomeOf(outcome: string): { readonly tone: Tone; readonly word: string; readonly sentence: string } {
  return OUTCOMES[outcome] ?? { tone: 'idle', word: outcome, sentence: outcome };
}

export const OUTCOME_CHOICES = [['', 'Any outcome'], ['not_completed', 'Anything but well'], ...Object.entries(OUTCOMES).map(([name, { word }]) => [name, word] as const)] as const;
