import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asApiError } from '../api/client.ts';
import type { ApiError } from '../api/client.ts';

/**
 * Something that a person starts and that can fail: its error stays until the next try, and what was
 * typed is the caller's state, so it stays too. `kinds` are the query kinds that it makes stale.
 */
export function useAction<A extends readonly unknown[], R>(work: (...args: A) => Promise<R>, kinds: readonly string[]) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async (...args: A): Promise<R | undefined> => {
    setBusy(true);
    setError(undefined);
    try {
      return await work(...args);
    } catch (thrown) {
      setError(asApiError(thrown));
      return undefined;
    } finally {
      setBusy(false);
      for (const kind of kinds) void client.invalidateQueries({ queryKey: [kind] });
    }
  };
  return { run, busy, error, forget: () => setError(undefined) };
}
