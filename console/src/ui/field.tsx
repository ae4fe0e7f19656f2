import { useId } from 'react';
import type { ReactNode } from 'react';

/** The attributes that join a control to its label, hint and error. */
export interface FieldProps {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

interface Props {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly children: (field: FieldProps) => ReactNode;
}

export function Field({ label, hint, error, children }: Props) {
  const id = useId();
  const about = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter((part) => part !== '').join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': about === '' ? undefined : about, 'aria-invalid': error === undefined ? undefined : true })}
      {hint === undefined ? null : <p id={`${id}-hint`} className="hint">{hint}</p>}
      {error === undefined ? null : <p id={`${id}-error`} className="field-error">{error}</p>}
    </div>
  );
}
