import type { Schemas } from '../../api/client.ts';

/** What a hook is asked about, in words. */
export const STAGES: Readonly<Record<Schemas['Hook']['stage'], string>> = { request: 'Requests', reply: 'Replies', both: 'Requests and replies' };
