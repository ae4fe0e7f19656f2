import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { announce } from '../../ui/toasts.tsx';
import { sizeText } from './inventory.ts';
import { lossText } from './lease-words.ts';
import type { Lease } from './states.ts';

type Contents = ReplyOf<'/api/leases/{id}/contents', 'get'>['items'][number];

/** Ends a lease: what goes with it stands there before, and its home can be kept. */
export function EndLease({ lease, onClose }: { lease: Lease; onClose: () => void }) {
  const client = useQueryClient();
  const [keep, setKeep] = useState('');
  const running = lease.state === 'running';
  const query = useQuery({ ...queries.leaseContents(lease.id), enabled: running });
  const canKeep = running && lease.machines.length === 1 && lease.volumeId === null;
  const name = keep.trim();
  return (
    <ConfirmDialog title={`End ${lease.name}?`} {...(lease.machines.length === 0 ? {} : { name: lease.name })} action="End the lease" command={commands.leaseEnd(lease.id, name)} onClose={onClose}
      onConfirm={async () => {
        if (canKeep && name !== '') await api.post('/api/leases/{id}/keep', { path: { id: lease.id }, body: { name } });
        await api.post('/api/leases/{id}/end', { path: { id: lease.id } });
        await client.invalidateQueries({ queryKey: ['leases'] });
        announce(`${lease.name} ends`);
      }}>
      <p>{lossText(lease)}</p>
      {running ? <p role="status">{query.data ? query.data.items.map(contentsText).join(' ') : query.error ? 'What is in it now could not be looked at.' : 'Looking at what is in it…'}</p> : null}
      {canKeep ? <Field label="Keep its home as a volume" hint="A name such as models; empty: its files are gone. A volume stays on its machine for 30 days and comes back by that name.">{(props) => <input {...props} value={keep} autoComplete="off" spellCheck={false} onChange={(event) => setKeep(event.target.value)} />}</Field> : null}
    </ConfirmDialog>
  );
}

function contentsText({ files, bytes, whole, processes, kept }: Contents): string {
  const lies = files === 0 && whole ? 'Its home is empty' : `In its home ${files === 1 ? 'lies' : 'lie'} ${whole ? '' : 'more than '}${plural(files, 'file')}, ${sizeText(bytes)}`;
  const runs = processes.length === 0 ? 'nothing runs in it' : `${processes.map(({ name, count: many }) => (many === 1 ? name : `${count(many)} × ${name}`)).join(', ')} ${processes.length === 1 && processes[0]!.count === 1 ? 'runs' : 'run'} in it`;
  return `${lies}${kept === null ? '' : `, kept as the volume ${kept}`}; ${runs}.`;
}
