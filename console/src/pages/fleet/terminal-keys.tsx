import { useEffect, useRef, useState } from 'react';
import { Button } from '../../ui/button.tsx';
import { announce } from '../../ui/toasts.tsx';
import type { TerminalLink } from './terminal-client.ts';
import type { TerminalView } from './terminal-view.ts';

/** Keys that small keyboards lack, as terminals send them. */
const KEYS = [['Esc', '\u001b'], ['Tab', '\t'], ['↑', '\u001b[A'], ['↓', '\u001b[B'], ['←', '\u001b[D'], ['→', '\u001b[C']] as const;
const NAMES: Readonly<Record<string, string>> = { '↑': 'Up', '↓': 'Down', '←': 'Left', '→': 'Right' };

/** Esc, Tab, arrows and Ctrl as buttons, and this computer's clipboard, by a press. */
export function TerminalKeys({ view, link }: { view: TerminalView | undefined; link: TerminalLink | undefined }) {
  const [held, setHeld] = useState(false);
  const ctrl = useRef<HTMLDivElement>(null);
  const why = link === undefined ? 'The terminal is not connected.' : undefined;
  useEffect(() => {
    if (view === undefined) return;
    view.terminal.attachCustomKeyEventHandler((event) => {
      // Every place of the page has to be reachable by keys alone.
      if (event.key === 'F6' && event.shiftKey) {
        if (event.type === 'keydown') ctrl.current?.querySelector('button')?.focus();
        return false;
      }
      if (!held || event.type !== 'keydown' || !/^[a-z]$/i.test(event.key)) return true;
      link?.type(String.fromCharCode(event.key.toUpperCase().charCodeAt(0) - 64));
      setHeld(false);
      event.preventDefault();
      return false;
    });
  }, [view, link, held]);
  const press = (text: string): void => {
    link?.type(text);
    view?.terminal.focus();
  };
  const paste = async (): Promise<void> => {
    try {
      view?.terminal.paste(await navigator.clipboard.readText());
      view?.terminal.focus();
    } catch {
      announce('The browser did not allow reading the clipboard. Paste into the terminal by keys.');
    }
  };
  return (
    <div className="row" role="group" aria-label="Keys" ref={ctrl}>
      <Button aria-pressed={held} aria-disabled={why !== undefined || undefined} title={why ?? 'Hold Ctrl for the next letter'} onClick={() => {
        if (why !== undefined) return;
        setHeld(!held);
        view?.terminal.focus();
      }}>Ctrl</Button>
      {KEYS.map(([name, text]) => <Button key={name} aria-label={NAMES[name] ?? name} aria-disabled={why !== undefined || undefined} title={why} onClick={() => why ?? press(text)}>{name}</Button>)}
      <Button aria-disabled={why !== undefined || undefined} title={why} onClick={() => void (why ?? paste())}>Paste</Button>
    </div>
  );
}
