import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { Field } from '../../ui/field.tsx';
import type { Pool } from './states.ts';
import type { WishFields } from './wish.ts';

interface Props {
  readonly fields: WishFields;
  readonly onChange: (next: Partial<WishFields>) => void;
}

/** What a lease with the access `job` runs. */
export function JobFields({ fields, wrong, onChange }: Props & { readonly wrong: (field: keyof WishFields) => string | undefined }) {
  return (
    <>
      <Field label="Command" hint="A program and its words, by no shell; quotes hold words together. What it prints and its exit code stand on the lease's page." error={wrong('command')}>
        {(field) => <input {...field} className="mono" autoComplete="off" spellCheck={false} placeholder="python3 train.py" maxLength={4_000} value={fields.command} onChange={(event) => onChange({ command: event.target.value })} />}
      </Field>
      <Field label="Variables" hint="NAME=VALUE, one on each line. They are kept sealed and never shown again." error={wrong('env')}>
        {(field) => <textarea {...field} className="mono" rows={3} autoComplete="off" spellCheck={false} value={fields.env} onChange={(event) => onChange({ env: event.target.value })} />}
      </Field>
      <label className="check"><input type="checkbox" checked={fields.keepOpen} onChange={(event) => onChange({ keepOpen: event.target.checked })} />Leave the lease open when the job has ended</label>
    </>
  );
}

/** Its home, and whether its sessions are recorded. */
export function HomeFields({ fields, projectId, pools, onChange }: Props & { readonly projectId: string | undefined; readonly pools: readonly Pool[] }) {
  const volumes = useQuery(queries.volumes).data?.items.filter((volume) => volume.state === 'kept' && (projectId === undefined || volume.projectId === projectId)) ?? [];
  const always = pools.find(({ name, own }) => own && name === fields.pool)?.record === true;
  return (
    <>
      {volumes.length === 0 && fields.volume === '' ? null : (
        <Field label="Its home" hint={fields.volume === '' ? undefined : 'It is placed on the machine where the volume lies.'}>
          {(field) => <select {...field} value={fields.volume} onChange={(event) => onChange({ volume: event.target.value, machines: '1' })}><option value="">A new one</option>{volumes.map(({ id, name }) => <option key={id} value={name}>The volume {name}</option>)}</select>}
        </Field>
      )}
      <label className="check"><input type="checkbox" checked={fields.record || always} disabled={always} onChange={(event) => onChange({ record: event.target.checked })} />Record its sessions; whoever enters is told{always ? ' (the pool records all)' : ''}</label>
    </>
  );
}
