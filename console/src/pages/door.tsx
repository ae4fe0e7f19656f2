import { useEffect } from 'react';
import type { ReactNode } from 'react';

/** The frame of the pages before the door: signing in and accepting an invitation. */
export function DoorPage({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Tandem`;
  }, [title]);
  return (
    <main className="door">
      <div className="door-card">
        <p className="door-mark"><img src="/icon.svg" alt="" width={28} height={28} />Tandem</p>
        <h1 className="lead">{lead}</h1>
        {children}
      </div>
    </main>
  );
}
