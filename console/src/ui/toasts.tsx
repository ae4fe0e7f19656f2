import { useSyncExternalStore } from 'react';

let current: { readonly id: number; readonly text: string } | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const watchers = new Set<() => void>();
const tell = (): void => {
  for (const watcher of watchers) watcher();
};

/** Says a short sentence at the foot of the page, also to screen readers. */
export function announce(text: string): void {
  current = { id: (current?.id ?? 0) + 1, text };
  clearTimeout(timer);
  timer = setTimeout(() => {
    current = undefined;
    tell();
  }, 4000);
  tell();
}

export function Toasts() {
  const shown = useSyncExternalStore((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }, () => current);
  return <div className="toasts" role="status">{shown ? <p key={shown.id} className="toast">{shown.text}</p> : null}</div>;
}
