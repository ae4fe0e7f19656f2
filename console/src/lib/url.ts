import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** What a page keeps in the address: filters, sort order, the month. All optional, all plain text. */
const NAMES = ['project', 'q', 'sort', 'state', 'month', 'by', 'from', 'to', 'action', 'resource', 'model', 'next', 'view', 'error', 'range', 'outcome', 'metric', 'and', 'key', 'only', 'volume'] as const;
export type UrlState = { [K in (typeof NAMES)[number]]?: string };

/** Keeps only the names above, and of them only what is set. */
export function readUrlState(search: Record<string, unknown>): UrlState {
  const state: UrlState = {};
  for (const name of NAMES) {
    const value = search[name];
    if (typeof value === 'string' && value !== '') state[name] = value.slice(0, 300);
  }
  return state;
}

/** The address's state and a setter that replaces (does not push) the current entry; undefined and '' remove a name. */
export function useUrlState(): [UrlState, (change: { [K in keyof UrlState]: string | undefined }) => void] {
  const state: UrlState = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback((change: { [K in keyof UrlState]: string | undefined }) => {
    void navigate({ to: '.', search: (before: Record<string, unknown>) => readUrlState({ ...before, ...change }), replace: true, resetScroll: false });
  }, [navigate]);
  return [state, set];
}

/** The project switcher's choice of no project; written out, because a chosen project otherwise stays in the address from page to page. */
export const ALL_PROJECTS = 'all';

/** The id of the project that the pages are narrowed to; undefined for all. */
export function useProject(): string | undefined {
  const [{ project }] = useUrlState();
  return project === ALL_PROJECTS ? undefined : project;
}
