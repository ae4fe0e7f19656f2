import { useEffect, useRef, useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import { useTheme } from '../../lib/theme.ts';
import { keepLink } from './kept-link.ts';
import type { LinkState } from './kept-link.ts';
import { openTerminal } from './terminal-client.ts';
import type { TerminalFacts, TerminalLink } from './terminal-client.ts';
import { openView } from './terminal-view.ts';
import type { TerminalView } from './terminal-view.ts';

/** A terminal of a lease in the element that `place` is given to. `round`: another number opens anew. */
export function useTerminal({ id, running, round }: { id: string; running: boolean; round: number }) {
  const place = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<TerminalView>();
  const [state, setState] = useState<LinkState>({ kind: 'connecting' });
  const [link, setLink] = useState<TerminalLink>();
  const [facts, setFacts] = useState<TerminalFacts>();
  const [code, setCode] = useState<number | null>(null);
  const [selected, setSelected] = useState('');
  const over = useRef(!running);
  over.current = !running;
  const { seen } = useTheme();

  useEffect(() => {
    const here = place.current;
    if (!running || here === null) return undefined;
    let made: TerminalView | undefined;
    let left = false;
    const watcher = new ResizeObserver(() => made?.fit());
    void openView(here, { size: null, readOnly: false }).then((opened) => {
      if (left) return opened.close();
      made = opened;
      opened.terminal.onSelectionChange(() => setSelected(opened.terminal.getSelection()));
      watcher.observe(here);
      setView(opened);
    });
    return () => {
      left = true;
      watcher.disconnect();
      made?.close();
      setView(undefined);
    };
  }, [running]);
  useEffect(() => view?.theme(), [view, seen]);
  useEffect(() => {
    if (view === undefined) return undefined;
    // Which terminal is taken up again after a cut; what somebody opens anew is another.
    let terminal: string | null = null;
    return keepLink<TerminalLink>({
      ticket: async () => (await api.post('/api/leases/{id}/tickets', { path: { id }, body: { kind: 'terminal', mode: 'control', forActor: null } })).ticket,
      open: (ticket, events) => openTerminal(view, id, ticket, terminal, events, {
        begun: (told) => {
          terminal = told.terminal;
          setFacts(told);
        },
        ended: setCode,
      }),
      over: () => over.current, asError: asApiError,
      later: (run, ms) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      told: (next, open) => {
        setState(next);
        setLink(open);
        if (next.kind === 'open') view.terminal.focus();
      },
    });
  }, [id, view, round]);
  return { place, view, state, link, facts, code, selected };
}
