import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'tandem.theme';
const watchers = new Set<() => void>();
const dark = matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage is blocked: the choice lasts until the page is closed.
  }
  for (const watcher of watchers) watcher();
}

/** The chosen theme and the one that is seen. */
export function useTheme(): { chosen: Theme; seen: 'light' | 'dark' } {
  const subscribe = (watcher: () => void): (() => void) => {
    watchers.add(watcher);
    dark.addEventListener('change', watcher);
    return () => {
      watchers.delete(watcher);
      dark.removeEventListener('change', watcher);
    };
  };
  const text = useSyncExternalStore(subscribe, () => `${stored()} ${dark.matches ? 'dark' : 'light'}`);
  const [chosen, system] = text.split(' ') as [Theme, 'light' | 'dark'];
  return { chosen, seen: chosen === 'system' ? system : chosen };
}
