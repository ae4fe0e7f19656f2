import { printable } from '../../../base/index.ts';

/** Why a step on the way from a machine to a node has not come to its end yet. The message holds no secret. */
export class ArrivalFault extends Error {
  /** `again`: it passes by itself; `person`: somebody has to do something first. */
  readonly kind: 'again' | 'person';
  /** What to do, as a sentence. */
  readonly next: string;
  /** When to look again at the latest; null: later each time. */
  readonly soonMs: number | null;
  /** The machine is to be enrolled anew. */
  readonly anew: boolean;

  constructor(kind: 'again' | 'person', message: string, next: string, { soonMs = null, anew = false }: { readonly soonMs?: number | null; readonly anew?: boolean } = {}) {
    super(printable(message).slice(0, 400));
    this.name = 'ArrivalFault';
    this.kind = kind;
    this.next = next;
    this.soonMs = soonMs;
    this.anew = anew;
  }
}
