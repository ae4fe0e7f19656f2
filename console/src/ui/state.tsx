import { CircleCheck, CircleDashed, CircleMinus, CircleX, RefreshCw, TriangleAlert } from 'lucide-react';

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'busy' | 'wait';
const GLYPH = { good: CircleCheck, warn: TriangleAlert, bad: CircleX, idle: CircleMinus, busy: RefreshCw, wait: CircleDashed } as const;

/** A state: always a glyph and a word, colour only besides. */
export function State({ tone, children, title }: { tone: Tone; children: string; title?: string | undefined }) {
  const Glyph = GLYPH[tone];
  return <span className={`state ${tone}`} title={title}><Glyph size={16} aria-hidden />{children}</span>;
}
