import { useQuery } from '@tanstack/react-query';
import type { ReplyOf } from '../api/client.ts';
import { queries } from '../api/queries.ts';

export type Whoami = ReplyOf<'/api/whoami', 'get'>;

/** Who is signed in. The shell reads it before any page is shown. */
export function useWhoami(): Whoami {
  const { data } = useQuery(queries.whoami);
  if (!data) throw new Error('the page was shown before it was known who is signed in');
  return data;
}

/** Whether the one signed in sees what calls cost the operator. Where not, replies are without cost and margin. */
export function useSeesCosts(): boolean {
  return useWhoami().permissions.includes('costs.read');
}

/** Why the signed-in role may not do this; undefined when it may. */
export function useWhyNot(permission: string): string | undefined {
  const { role, permissions } = useWhoami();
  return permissions.includes(permission) ? undefined : `The role ${role} may not do this; ask an owner or admin.`;
}
