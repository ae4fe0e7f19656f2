import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import type { Lease } from './states.ts';

/** Lets a second person look: a link for that person alone, good for a quarter of an hour and one opening, while the first one looks. */
export function InviteDialog({ lease, onClose }: { lease: Lease; onClose: () => void }) {
  const { actor } = useWhoami();
  const query = useQuery(queries.members);
  const members = query.data?.items.filter(({ id }) => id !== actor.id) ?? [];
  const [chosen, setChosen] = useState('');
  const [mode, setMode] = useState<'view' | 'control'>('view');
  const [link, setLink] = useState<string>();
  const forActor = chosen === '' ? members[0]?.id : chosen;
  const body = { kind: 'screen' as const, mode, forActor: forActor ?? 'MEMBER' };
  const why = forActor === undefined ? 'There is no other member to invite.' : undefined;
  const invite = useAction(() => api.post('/api/leases/{id}/tickets', { path: { id: lease.id }, body }), []);
  const name = members.find(({ id }) => id === forActor)?.name ?? '';
  if (link !== undefined) {
    return (
      <Dialog title={`${name} may look`} onClose={onClose}>
        <div className="form">
          <p>Send this link to {name}. It opens the screen once, within 15 minutes, for {name} alone, and only while you look yourself.</p>
          <div className="command"><code>{link}</code><CopyButton text={link} label="the link" /></div>
          <div className="row end"><Button kind="primary" onClick={onClose}>Done</Button></div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Invite somebody to ${lease.name}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (why === undefined) void invite.run().then((reply) => reply && setLink(`${location.origin}/fleet/leases/${lease.id}/screen#ticket=${reply.ticket}&mode=${mode}`));
      }}>
        <Field label="Who">{(field) => <select {...field} value={forActor ?? ''} onChange={(event) => setChosen(event.target.value)}>{members.map(({ id, name: title, email }) => <option key={id} value={id}>{title} ({email})</option>)}</select>}</Field>
        <Field label="May">{(field) => <select {...field} value={mode} onChange={(event) => setMode(event.target.value === 'control' ? 'control' : 'view')}><option value="view">only look</option><option value="control">use keyboard and pointer, too</option></select>}</Field>
        {query.error ? <ErrorNotice error={asApiError(query.error)} /> : null}
        {invite.error ? <ErrorNotice error={invite.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={invite.busy} why={why}>Make the link</Button></div>
        <SameInTerminal line={apiCall('POST', `/api/leases/${lease.id}/tickets`, body)} />
      </form>
    </Dialog>
  );
}
