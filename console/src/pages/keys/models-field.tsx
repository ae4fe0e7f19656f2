import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';

/** Which models a key may call: null for all of them. */
export function ModelsField({ value, onChange }: { value: readonly string[] | null; onChange: (value: readonly string[] | null) => void }) {
  const names = useQuery(queries.models).data?.items.map(({ name }) => name) ?? [];
  const listed = [...new Set([...names, ...(value ?? [])])];
  return (
    <fieldset className="field">
      <legend>Models</legend>
      <label className="check"><input type="radio" name="models" checked={value === null} onChange={() => onChange(null)} />Every model, also those that come later</label>
      <label className="check"><input type="radio" name="models" checked={value !== null} onChange={() => onChange(names.slice(0, 1))} />Only these</label>
      {value === null ? null : (
        <div className="check-list">{listed.map((name) => (
          <label key={name} className="check"><input type="checkbox" checked={value.includes(name)} onChange={(event) => onChange(event.target.checked ? [...value, name] : value.filter((other) => other !== name))} /><span className="mono">{name}</span></label>
        ))}{value.length === 0 ? <p className="hint">With none chosen the key can call nothing.</p> : null}</div>
      )}
    </fieldset>
  );
}
