import { isUuid } from '../../base/index.ts';

/** A recording as a node tells of it. */
export interface ToldRecording {
  readonly id: string;
  readonly lease: string;
  readonly kind: 'terminal' | 'shell' | 'command' | 'connection';
  readonly person: string;
  readonly command: string | null;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly exitCode: number | null;
  readonly whole: boolean;
  readonly tamperProof: boolean;
  readonly bytes: number;
}

const KINDS = ['terminal', 'shell', 'command', 'connection'] as const;
const MOST_TEXT = 2_000;
/** The year 2100: Postgres takes later times, and nothing of ours is meant by them. */
const LAST_MS = Date.UTC(2100, 0);

/** Reads what a node says that it has; what is none is left out. All of it is a claim, and bounded. */
export function readTold(answer: unknown): ToldRecording[] {
  const { recordings } = (answer ?? {}) as { recordings?: unknown };
  if (!Array.isArray(recordings)) return [];
  return recordings.slice(0, 100).flatMap((one: unknown) => told(one) ?? []);
}

function told(value: unknown): ToldRecording | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, lease, kind, person, command, startedMs, endedMs, exitCode, whole, tamperProof, bytes } = value as Record<string, unknown>;
  const known = KINDS.find((one) => one === kind);
  if (typeof id !== 'string' || !isUuid(id) || typeof lease !== 'string' || !isUuid(lease) || known === undefined || typeof person !== 'string') return undefined;
  if (!isTime(startedMs) || !isTime(endedMs) || typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  return {
    id, lease, kind: known, person: printable(person), command: typeof command === 'string' && command !== '' ? printable(command) : null, startedMs, endedMs: Math.max(startedMs, endedMs),
    exitCode: typeof exitCode === 'number' && Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : null, whole: whole === true, tamperProof: tamperProof === true, bytes,
  };
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < LAST_MS;

/** Without what steers terminals and the direction of writing. */
function printable(text: string): string {
  return text.slice(0, MOST_TEXT).replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '?');
}
