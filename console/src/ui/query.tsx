import type { ReactNode } from 'react';
import { asApiError } from '../api/client.ts';
import { ErrorNotice } from './notice.tsx';

interface Queried<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** Loading, error and content of a query are three different things. Old data stays under a failed refresh, with a word. */
export function Show<T>({ query, bones, children }: { query: Queried<T>; bones: ReactNode; children: (data: T) => ReactNode }) {
  const notice = query.error ? <ErrorNotice error={asApiError(query.error)} onRetry={() => void query.refetch()} /> : null;
  if (query.data === undefined) return notice ?? <div aria-busy="true">{bones}</div>;
  return <>{notice}{children(query.data)}</>;
}
