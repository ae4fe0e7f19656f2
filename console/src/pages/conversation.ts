import { useSyncExternalStore } from 'react';
import { streamChat } from '../api/chat.ts';
import type { Receipt } from '../api/chat.ts';
import { asApiError } from '../api/client.ts';
import type { ApiError, Schemas } from '../api/client.ts';

export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly maxTokens: string;
  readonly temperature: string;
  readonly seed: string;
}

export interface Turn {
  readonly id: number;
  readonly model: string;
  readonly prompt: string;
  readonly answer: string;
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  readonly startedAt: number;
  /** From sending to the first visible text, as this browser saw it. */
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
  readonly usage: Schemas['ChatUsage'] | null;
  readonly receipt: Receipt | null;
  readonly finish: string | null;
  readonly error: ApiError | null;
}

/**
 * The playground's conversation. It lives outside the page, so that going to another page neither
 * stops the reply nor loses what was typed; it is kept in memory only.
 */
let turns: readonly Turn[] = [];
let draft = '';
let settings: Settings = { model: '', system: '', maxTokens: '256', temperature: '', seed: '' };
let running: AbortController | undefined;
let version = 0;
const watchers = new Set<() => void>();

function tell(): void {
  version += 1;
  for (const watcher of watchers) watcher();
}

export function useConversation() {
  useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, () => version);
  return { turns, draft, settings, busy: running !== undefined };
}

export function setDraft(text: string): void {
  draft = text;
  tell();
}

export function setSettings(change: Partial<Settings>): void {
  settings = { ...settings, ...change };
  tell();
}

export function clearConversation(): void {
  running?.abort();
  turns = [];
  tell();
}

export function stopReply(): void {
  running?.abort();
}

function change(id: number, part: Partial<Turn>): void {
  turns = turns.map((turn) => (turn.id === id ? { ...turn, ...part } : turn));
  tell();
}

/** The body that a program would send for the same reply. Turns that failed are not part of it. */
export function requestBody(from: Settings, before: readonly Turn[], prompt: string): Schemas['ChatRequest'] {
  const said = before.filter(({ state, answer }) => state !== 'failed' && answer !== '');
  const number = (text: string): number | undefined => (text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text));
  const options = { max_completion_tokens: number(from.maxTokens), temperature: number(from.temperature), seed: number(from.seed) };
  return {
    model: from.model,
    messages: [
      ...(from.system.trim() === '' ? [] : [{ role: 'system' as const, content: from.system }]),
      ...said.flatMap((turn) => [{ role: 'user' as const, content: turn.prompt }, { role: 'assistant' as const, content: turn.answer }]),
      { role: 'user' as const, content: prompt },
    ],
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
}

/** Sends the draft. On a failure the draft comes back, so that nothing typed is lost. */
export async function send(now: () => number = () => performance.now()): Promise<void> {
  const prompt = draft;
  if (prompt.trim() === '' || running) return;
  const controller = new AbortController();
  running = controller;
  const body = requestBody(settings, turns, prompt);
  const startedAt = now();
  const id = (turns.at(-1)?.id ?? 0) + 1;
  turns = [...turns.filter(({ state }) => state !== 'failed'), { id, model: settings.model, prompt, answer: '', state: 'waiting', startedAt, firstTokenMs: null, totalMs: null, usage: null, receipt: null, finish: null, error: null }];
  setDraft('');
  let answer = '';
  let firstTokenMs: number | null = null;
  try {
    for await (const chunk of streamChat(body, controller.signal)) {
      const choice = chunk.choices[0];
      const text = choice?.delta.content ?? '';
      if (text !== '') {
        firstTokenMs ??= now() - startedAt;
        answer += text;
      }
      change(id, {
        answer, firstTokenMs, ...(text === '' ? {} : { state: 'streaming' as const }),
        ...(choice?.finish_reason ? { finish: choice.finish_reason } : {}), ...(chunk.usage ? { usage: chunk.usage } : {}), ...(chunk.tandem ? { receipt: chunk.tandem } : {}),
      });
    }
    change(id, { state: 'done', totalMs: now() - startedAt });
  } catch (thrown) {
    if (controller.signal.aborted) change(id, { state: 'stopped', totalMs: now() - startedAt });
    else {
      change(id, { state: 'failed', totalMs: now() - startedAt, error: asApiError(thrown) });
      if (draft === '') draft = prompt;
    }
  } finally {
    running = undefined;
    tell();
  }
}
