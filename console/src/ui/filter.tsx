import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

/** The filter that `/` reaches. What is typed shows at once and goes into the address a moment later. */
export function Filter({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div className="filter">
      <Search size={16} aria-hidden />
      <input type="search" data-filter aria-label={label} placeholder={label} value={typed} spellCheck={false} autoComplete="off"
        onChange={(event) => {
          const text = event.target.value;
          setTyped(text);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onChange(text), 120);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          event.currentTarget.blur();
        }} />
      <kbd aria-hidden>/</kbd>
    </div>
  );
}

export function FilterSelect({ label, value, options, onChange }: { label: string; value: string; options: readonly (readonly [string, string])[]; onChange: (value: string) => void }) {
  return <select className="filter-select" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>{options.map(([name, title]) => <option key={name} value={name}>{title}</option>)}</select>;
}
