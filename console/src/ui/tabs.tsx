import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

/** Pages beside each other; each has its own address. */
export function Tabs({ label, items }: { label: string; items: readonly (readonly [string, string])[] }) {
  const ref = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    // On a narrow screen the row of tabs scrolls: the current one must be in sight.
    const row = ref.current;
    const current = row?.querySelector<HTMLElement>('[aria-current]');
    if (row && current) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.clientWidth) / 2;
  }, [pathname]);
  return (
    <nav ref={ref} className="tabs" aria-label={label}>
      {items.map(([to, title]) => <Link key={to} to={to} activeOptions={{ exact: false, includeSearch: false }} activeProps={{ 'aria-current': 'page' }}>{title}</Link>)}
    </nav>
  );
}

/** A choice of one among few, kept by the caller. */
export function Choice({ label, value, options, onChange }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void }) {
  return (
    <div className="choice" role="group" aria-label={label}>
      {options.map(([name, title]) => <button key={name} type="button" aria-pressed={name === value} onClick={() => onChange(name)}>{title}</button>)}
    </div>
  );
}
