import type { LogPoster } from '../poster/supervisor.ts';

/** In the place of a poster where a test makes no calls: nothing is in its log, and half a second of a processor is spared at each start. */
export const noPoster: LogPoster = {
  restarts: 0, start: async () => {}, state: () => ({ state: 'stopped', reason: null, lastPostedAtMs: null, pid: null }), written: () => {}, beat: () => {}, finish: async () => true,
};
