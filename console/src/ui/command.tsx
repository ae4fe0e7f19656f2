import { Check, Copy, Terminal } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { announce } from './toasts.tsx';

/** Copies a text and says that it did. `label` names what is copied for screen readers. */
export function CopyButton({ text, label, children }: { text: string; label: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      announce(`${label} copied`);
      timer.current = setTimeout(() => setCopied(false), 1600);
    } catch {
      announce('The browser did not allow copying. Select the text and copy it by hand.');
    }
  };
  return (
    <button type="button" className={children === undefined ? 'icon-button' : 'button plain'} aria-label={children === undefined ? `Copy ${label}` : undefined} title={`Copy ${label}`} onClick={() => void copy()}>
      {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}{children}
    </button>
  );
}

/** The line in pieces, so that a narrow screen breaks it before an option and not within its dashes. */
function wordsOf(line: string): ReactNode[] {
  // The pieces of a line never change their order: their place is their key.
  return line.split(/(?<=\s)(--?[a-z][a-z-]*)(?=\s|$)/).map((piece, place) => (place % 2 === 0 ? piece : <span key={place} className="option">{piece}</span>));
}

/** A line for the terminal with its copy button. */
export function Command({ line, label = 'the command' }: { line: string; label?: string }) {
  return (
    <div className="command">
      <code>{wordsOf(line)}</code>
      <CopyButton text={line} label={label} />
    </div>
  );
}

/** The block under an action: how to do the same without this page. */
export function SameInTerminal({ line }: { line: string }) {
  return (
    <div className="terminal-note">
      <p className="small muted"><Terminal size={16} aria-hidden /> The same in a terminal</p>
      <Command line={line} />
    </div>
  );
}
