import { Link } from '@tanstack/react-router';

/** Pages beside each other; each has its own address. */
export function Tabs({ label, items }: { label: string; items: readonly (readonly [string, string])[] }) {
  return (
    <nav className="tabs" aria-label={label}>
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
