import { CircleCheck, CircleDashed, Unplug } from 'lucide-react';
import { useLive } from '../api/live.ts';
import { Button } from '../ui/button.tsx';

/** One word about whether the page moves by itself. */
export function LiveMark() {
  const { state } = useLive();
  if (state.kind === 'live') return <span className="live-mark good" title="What changes shows here by itself"><CircleCheck size={16} aria-hidden /><span>Live</span></span>;
  if (state.kind === 'connecting') return <span className="live-mark"><CircleDashed size={16} aria-hidden /><span>Connecting</span></span>;
  return <span className="live-mark bad" title="The connection is lost"><Unplug size={16} aria-hidden /><span>Lost</span></span>;
}

/** Says that what is seen may be old, from when on, and that the page tries again. */
export function LiveBanner() {
  const { state, retry } = useLive();
  return (
    <div role="status" className="live-banner-place">
      {state.kind === 'lost' ? (
        <div className="live-banner">
          <Unplug size={16} aria-hidden />
          <p><strong>Connection lost</strong> at {new Date(state.since).toISOString().slice(11, 19)} UTC. What you see may be old; this page keeps trying.</p>
          <Button onClick={retry}>Try now</Button>
        </div>
      ) : null}
    </div>
  );
}
