import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

/** The state of the stream of changes. `lost` since when (epoch ms): what the page shows may be old. */
export type LiveState = { readonly kind: 'connecting' } | { readonly kind: 'live' } | { readonly kind: 'lost'; readonly since: number };

/** The server sends a heartbeat every 15 s; three missed ones mean that the connection is dead even if nobody closed it. */
const SILENCE_MS = 45_000;
/** EventSource tries again by itself for a while; only what lasts longer is worth a word. */
const GRACE_MS = 1500;
const RETRY_MS = 3000;

const TYPES = ['usage', 'sight', 'keys', 'budgets', 'limits', 'prices', 'models', 'leases', 'nodes', 'heartbeat'] as const;
/** While nothing is heard, what is on the screen is read again this often. */
const POLL_MS = 10_000;
/** What else a change makes stale, as the beginning of a query's key. The server tells every change of who may do what as a change of keys. */
const ALSO: Readonly<Record<string, readonly (readonly string[])[]>> = {
  usage: [['budgets'], ['keys', 'one']], keys: [['members'], ['projects'], ['events'], ['whoami']], leases: [['pools'], ['volumes']], nodes: [['pools']],
};

let state: LiveState = { kind: 'connecting' };
const watchers = new Set<() => void>();
let retryNow: () => void = () => undefined;

function set(next: LiveState): void {
  if (next.kind === state.kind) return;
  state = next;
  for (const watcher of watchers) watcher();
}

export function useLive(): { state: LiveState; retry: () => void } {
  const current = useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, () => state);
  return { state: current, retry: () => retryNow() };
}

/**
 * Watches `/api/live` and makes the queries stale that an event names; after a lost connection all of
 * them, for what was missed. Returns the function that ends the watch.
 */
export function watchLive(client: QueryClient, now: () => number = Date.now): () => void {
  let source: EventSource | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let grace: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const pending = new Set<string>();
  let flush: ReturnType<typeof setTimeout> | undefined;

  /** A page that nobody sees asks nothing; what it has missed by then it asks for when it is looked at. */
  const readAgain = (): void => {
    if (document.hidden) return;
    const kinds = [...pending];
    pending.clear();
    if (kinds.includes('all')) return void client.invalidateQueries();
    const keys = new Map(kinds.flatMap((kind) => [[kind], ...(ALSO[kind] ?? [])]).map((key) => [key.join(' '), key]));
    for (const queryKey of keys.values()) void client.invalidateQueries({ queryKey });
  };
  const stale = (kind: string): void => {
    pending.add(kind);
    // Under load events come in crowds; one refetch per half second is as live as eyes are.
    flush ??= setTimeout(() => {
      flush = undefined;
      readAgain();
    }, 500);
  };
  const poll = setInterval(() => {
    if (state.kind === 'lost') for (const kind of TYPES) if (kind !== 'heartbeat') stale(kind);
  }, POLL_MS);
  document.addEventListener('visibilitychange', readAgain);
  const lose = (): void => {
    grace ??= setTimeout(() => set({ kind: 'lost', since: now() }), GRACE_MS);
  };
  const heard = (): void => {
    clearTimeout(grace);
    grace = undefined;
    clearTimeout(silence);
    silence = setTimeout(() => connect(), SILENCE_MS);
    if (state.kind === 'lost') stale('all');
    set({ kind: 'live' });
  };
  const changed = (type: string): void => {
    heard();
    if (type === 'heartbeat') return;
    stale(type);
  };
  const onMessage = (event: MessageEvent<string>): void => {
    try {
      const data: unknown = JSON.parse(event.data);
      changed(typeof data === 'object' && data !== null && 'type' in data ? String(data.type) : event.type);
    } catch {
      heard();
    }
  };
  const connect = (): void => {
    source?.close();
    clearTimeout(retry);
    source = new EventSource('/api/live');
    source.onopen = heard;
    source.onmessage = onMessage;
    // Works whether the server names its events or leaves them unnamed.
    for (const type of TYPES) source.addEventListener(type, onMessage);
    source.onerror = () => {
      lose();
      // After a refusal the browser gives up for good, so this page tries again by itself.
      if (source?.readyState === EventSource.CLOSED) {
        retry = setTimeout(connect, RETRY_MS);
        // The refusal may mean that the session has ended: asking who is signed in finds out, and leads to the door.
        void client.invalidateQueries({ queryKey: ['whoami'] });
      }
    };
  };
  retryNow = connect;
  connect();
  return () => {
    source?.close();
    for (const timer of [silence, grace, retry, flush]) clearTimeout(timer);
    clearInterval(poll);
    document.removeEventListener('visibilitychange', readAgain);
    set({ kind: 'connecting' });
  };
}
