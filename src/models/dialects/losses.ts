import type { Loss } from '../neutral/request.ts';
import { ANSWER_LOSSES } from './answer-losses.ts';
import { REFUSED_EVERYWHERE } from './common-losses.ts';
import { BACKEND_DIALECTS } from './dialects.ts';
import { LOCAL_LOSSES } from './local/losses.ts';

/** Every declared loss, of requests and of answers. The documentation's page is made of it, and the conformance suite holds the dialects to it. */
export const LOSSES: readonly Loss[] = [...REFUSED_EVERYWHERE, ...Object.values(BACKEND_DIALECTS).flatMap(({ losses }) => losses), ...LOCAL_LOSSES, ...ANSWER_LOSSES];
