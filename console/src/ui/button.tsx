import { Link } from '@tanstack/react-router';
import { useId } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import type { UrlState } from '../lib/url.ts';

type Kind = 'primary' | 'plain' | 'danger' | 'quiet';

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  readonly kind?: Kind;
  /** Why it cannot be pressed now; it stays visible and says so. */
  readonly why?: string | undefined;
  readonly busy?: boolean;
  readonly icon?: ReactNode;
}

export function Button({ kind = 'plain', why, busy = false, icon, children, onClick, type = 'button', 'aria-disabled': disabled, ...rest }: ButtonProps) {
  const id = useId();
  // Who gives `aria-disabled` says why elsewhere: once for several buttons, or in its title.
  const blocked = why !== undefined || busy || disabled === true;
  return (
    <span className="button-place">
      <button
        {...rest} type={type} className={`button ${kind}`} aria-disabled={blocked || undefined} aria-busy={busy || undefined}
        aria-describedby={why === undefined ? undefined : id}
        onClick={(event) => {
          if (blocked) event.preventDefault();
          else onClick?.(event);
        }}
      >
        {icon}{children}
      </button>
      {why === undefined ? null : <span id={id} className="why">{why}</span>}
    </span>
  );
}

interface ButtonLinkProps {
  readonly to: string;
  readonly search?: UrlState;
  readonly kind?: Kind;
  readonly icon?: ReactNode;
  readonly why?: string | undefined;
  readonly children: ReactNode;
}

/** A link that looks like a button: it goes somewhere, it does nothing. */
export function ButtonLink({ to, search, kind = 'plain', icon, why, children }: ButtonLinkProps) {
  if (why !== undefined) return <Button kind={kind} icon={icon} why={why}>{children}</Button>;
  return <Link to={to} {...(search ? { search: (before: UrlState) => ({ ...before, ...search }) } : {})} className={`button ${kind}`}>{icon}{children}</Link>;
}
