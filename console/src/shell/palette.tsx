import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Box, KeyRound, Moon, Sun } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { queries } from '../api/queries.ts';
import { setTheme, useTheme } from '../lib/theme.ts';
import { PLACES } from './pages.ts';

interface Entry {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly icon: typeof Box;
  readonly open: () => void;
}

/** Every word that was typed stands somewhere in the text. */
export function matches(text: string, typed: string): boolean {
  const where = text.toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => where.includes(word));
}

/** ⌘K: pages, keys, models and actions by name. */
export function Palette({ onClose }: { onClose: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const navigate = useNavigate();
  const { seen } = useTheme();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const keys = useInfiniteQuery(queries.keys).data;
  const models = useQuery(queries.models).data;
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  const found = useMemo(() => {
    const go = (to: string) => () => void navigate({ to });
    const entries: Entry[] = [
      ...PLACES.map(({ to, title, icon }) => ({ id: to, title, icon, open: go(to) })),
      { id: 'theme', title: seen === 'dark' ? 'Use the light theme' : 'Use the dark theme', icon: seen === 'dark' ? Sun : Moon, open: () => setTheme(seen === 'dark' ? 'light' : 'dark') },
      ...(models?.items ?? []).map(({ name }) => ({ id: `model ${name}`, title: name, note: 'Model: try it', icon: Box, open: () => void navigate({ to: '/playground', search: { model: name } }) })),
      ...(keys?.pages.flatMap(({ items }) => items) ?? []).map(({ id, name, prefix }) => ({ id: `key ${id}`, title: name, note: `Key ${prefix}…`, icon: KeyRound, open: go(`/keys/${id}`) })),
    ];
    return entries.filter(({ title, note }) => matches(`${title} ${note ?? ''}`, typed)).slice(0, 12);
  }, [typed, keys, models, seen, navigate]);
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    entry.open();
  };
  const current = found[Math.min(at, found.length - 1)];
  return (
    <dialog ref={ref} className="palette" aria-label="Go to" onClose={onClose} onClick={(event) => {
      if (event.target === ref.current) onClose();
    }}>
      <input
        role="combobox" aria-expanded="true" aria-controls={listId} aria-label="Go to a page, key or model" aria-activedescendant={current ? `${listId}-${found.indexOf(current)}` : undefined}
        placeholder="Go to a page, key or model" value={typed} autoFocus autoComplete="off" spellCheck={false}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault();
            setAt((before) => (Math.min(before, found.length - 1) + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length));
          } else if (event.key === 'Enter') choose(current);
        }}
      />
      <ul id={listId} role="listbox" aria-label="Found">
        {found.map((entry, index) => (
          <li key={entry.id} id={`${listId}-${index}`} role="option" aria-selected={entry === current} onClick={() => choose(entry)} onMouseMove={() => setAt(index)}>
            <entry.icon size={16} aria-hidden /><span className="grow">{entry.title}</span>{entry.note === undefined ? null : <span className="muted small">{entry.note}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 ? <p className="palette-none muted">Nothing has a name like that.</p> : null}
    </dialog>
  );
}
