import { Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { ReactNode } from 'react';

interface PageProps {
  /** The page's name, as in the rail. */
  readonly title: string;
  /** The answer to the page's question, in a sentence. */
  readonly lead: ReactNode;
  readonly busy?: boolean;
  /** The page above this one. */
  readonly up?: { readonly to: string; readonly title: string };
  readonly actions?: ReactNode;
  readonly tabs?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, lead, busy = false, up, actions, tabs, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Tandem`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <p className="crumbs">{up ? <><Link to={up.to} data-up>{up.title}</Link><span aria-hidden>/</span></> : null}<span>{title}</span></p>
        <div className="lead-row">
          <h1 className={busy ? 'lead busy' : 'lead'}>{lead}</h1>
          {actions === undefined ? null : <div className="actions">{actions}</div>}
        </div>
        {tabs}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, note, children, actions }: { title: string; note?: ReactNode; children: ReactNode; actions?: ReactNode }) {
  return (
    <section className="section">
      <header className="section-head">
        <div><h2>{title}</h2>{note === undefined ? null : <p className="muted small">{note}</p>}</div>
        {actions === undefined ? null : <div className="row">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Names and values of one thing. */
export function Facts({ items }: { items: readonly (readonly [string, ReactNode])[] }) {
  return <dl className="facts">{items.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
