import type { Annotations } from './annotations.ts';

/** One question to a hook, as figures have it. */
export interface Question {
  readonly organisationId: string;
  readonly hookId: string;
  /** The request's id. */
  readonly callId: string;
  readonly stage: 'request' | 'reply';
  /** Why its answer could not be used; it holds nothing of what was asked. Null: it could. */
  readonly problem: string | null;
}

/** Told of what hooks did. Costs the call nothing. */
export interface HookNotes {
  asked(question: Question): void;
  annotated(organisationId: string, callId: string, annotations: Annotations): void;
}
