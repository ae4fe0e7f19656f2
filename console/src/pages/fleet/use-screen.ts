import { useEffect, useRef, useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import { keepLink } from './kept-link.ts';
import type { LinkState } from './kept-link.ts';
import { openRfb } from './screen-client.ts';
import type { Rfb } from './screen-client.ts';

export type Mode = 'control' | 'view';
const MOST_CLIPBOARD = 100_000;

/**
 * A lease's screen in the element that `place` is given to. `given`: a ticket of somebody who invited, for the first opening. The clipboard of
 * the machine is only shown: what it holds gets into this computer's when its person says so.
 */
export function useScreen({ id, mode, given, running, round }: { id: string; mode: Mode; given: string | undefined; running: boolean; round: number }) {
  const place = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<LinkState>({ kind: 'connecting' });
  const [rfb, setRfb] = useState<Rfb>();
  const [copied, setCopied] = useState('');
  const over = useRef(!running);
  over.current = !running;
  const first = useRef(given);
  useEffect(() => {
    const here = place.current;
    if (!running || here === null) return undefined;
    return keepLink<Rfb>({
      ticket: async () => {
        const invitation = first.current;
        first.current = undefined;
        return invitation ?? (await api.post('/api/leases/{id}/tickets', { path: { id }, body: { kind: 'screen', mode, forActor: null } })).ticket;
      },
      open: async (ticket, events) => {
        const made = await openRfb(here, id, ticket, events);
        made.viewOnly = mode === 'view';
        made.addEventListener('clipboard', (event) => {
          const { detail } = event as CustomEvent<{ text: string }>;
          setCopied(detail.text.slice(0, MOST_CLIPBOARD));
        });
        return made;
      },
      over: () => over.current, asError: asApiError,
      later: (run, ms) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      told: (next, open) => {
        setState(next);
        setRfb(open);
      },
    });
  }, [id, mode, running, round]);
  return { place, state, rfb, copied };
}
