import { X } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { asApiError } from '../api/client.ts';
import type { ApiError } from '../api/client.ts';
import { Button } from './button.tsx';
import { SameInTerminal } from './command.tsx';
import { Field } from './field.tsx';
import { ErrorNotice } from './notice.tsx';

/** The browser's own modal dialog: it holds the focus, `esc` closes it, and focus returns to where it was. */
export function Dialog({ title, onClose, children, wide = false }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref} aria-labelledby={id} className={wide ? 'dialog wide' : 'dialog'}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}><X size={16} aria-hidden /></button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  /** What will happen, in a sentence, and whether it can be undone. */
  readonly children: ReactNode;
  /** When given, the name has to be typed: what follows cannot be undone. */
  readonly name?: string;
  readonly action: string;
  readonly command: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function ConfirmDialog({ title, children, name, action, command, onConfirm, onClose }: ConfirmProps) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const why = name !== undefined && typed.trim() !== name ? `Type ${name} to allow it.` : undefined;
  const submit = async (): Promise<void> => {
    if (why !== undefined || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}>
        <div>{children}</div>
        {name === undefined ? null : <Field label={<>Type <code>{name}</code> to confirm</>}>{(field) => <input {...field} autoComplete="off" spellCheck={false} value={typed} onChange={(event) => setTyped(event.target.value)} />}</Field>}
        {error ? <ErrorNotice error={error} /> : null}
        <div className="row end">
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" type="submit" busy={busy} aria-disabled={why !== undefined || undefined} title={why}>{action}</Button>
        </div>
        <SameInTerminal line={command} />
      </form>
    </Dialog>
  );
}
