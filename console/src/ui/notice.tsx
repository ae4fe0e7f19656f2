import { CircleX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ApiError } from '../api/client.ts';
import { Button } from './button.tsx';
import { Command } from './command.tsx';

/** What happened, its code, the next step, and a way to try again. */
export function ErrorNotice({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  return (
    <div className="notice bad" role="alert">
      <CircleX size={16} aria-hidden />
      <div>
        <p className="notice-title">{error.message}</p>
        {error.next === '' ? null : <p>{error.next}</p>}
        <p className="small muted mono">{error.code}{error.requestId === undefined ? '' : ` · request ${error.requestId}`}</p>
        {onRetry ? <p className="notice-act"><Button onClick={onRetry}>Try again</Button></p> : null}
      </div>
    </div>
  );
}

/** What would be here, and how to get the first one. */
export function Empty({ title, children, command, action }: { title: string; children?: ReactNode; command?: string; action?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <div className="muted">{children}</div>}
      {command === undefined ? null : <Command line={command} />}
      {action === undefined ? null : <div className="row">{action}</div>}
    </div>
  );
}
