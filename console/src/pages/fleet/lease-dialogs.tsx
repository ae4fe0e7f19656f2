import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { parseMoney } from '../../lib/money.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';
import type { Lease } from './states.ts';
import { minutesOf } from './wish.ts';

const KINDS = ['leases', 'events'] as const;
const invalid = (message: string): ApiError => new ApiError(0, { code: 'invalid_request', message, next: 'Correct the field and try again.' });

export function ExtendLease({ lease, onClose }: { lease: Lease; onClose: () => void }) {
  const [hours, setHours] = useState('1');
  const [atMost, setAtMost] = useState('');
  const { currency } = lease.cost;
  const extend = useAction(async () => {
    const minutes = minutesOf(hours);
    const most = atMost.trim() === '' ? null : parseMoney(atMost);
    if (minutes === undefined) throw invalid(`“${hours}” is not a number of hours, such as 8 or 1.5.`);
    if (most === undefined) throw invalid(`“${atMost}” is not an amount of ${currency}, such as 25 or 12.50.`);
    return api.post('/api/leases/{id}/extend', { path: { id: lease.id }, body: { minutes, atMost: most === null ? null : most.toString() } });
  }, KINDS);
  return (
    <Dialog title={`Have ${lease.name} last longer`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void extend.run().then((reply) => {
          if (!reply) return;
          announce(`${lease.name} is extended`);
          onClose();
        });
      }}>
        <p>It goes on as it is. It is refused where others were promised the machine.</p>
        <div className="pair">
          <Field label="More hours">{(field) => <input {...field} inputMode="decimal" value={hours} onChange={(event) => setHours(event.target.value)} />}</Field>
          <Field label={`At most, ${currency}`} hint="Empty: as before.">{(field) => <input {...field} inputMode="decimal" className="num" value={atMost} onChange={(event) => setAtMost(event.target.value)} />}</Field>
        </div>
        {extend.error ? <ErrorNotice error={extend.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={extend.busy}>Extend it</Button></div>
        <SameInTerminal line={commands.leaseExtend(lease.id, minutesOf(hours), atMost)} />
      </form>
    </Dialog>
  );
}

export function HandOverLease({ lease, onClose }: { lease: Lease; onClose: () => void }) {
  const projects = useQuery(queries.projects).data?.items.filter(({ id, archivedAt }) => archivedAt === null && id !== lease.projectId) ?? [];
  const [chosen, setChosen] = useState('');
  const projectId = chosen === '' ? projects[0]?.id : chosen;
  const why = projectId === undefined ? 'There is no other project.' : undefined;
  const give = useAction(async () => (projectId === undefined ? undefined : api.post('/api/leases/{id}/hand-over', { path: { id: lease.id }, body: { projectId } })), KINDS);
  return (
    <Dialog title={`Hand ${lease.name} over`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (why === undefined) void give.run().then((reply) => {
          if (!reply) return;
          announce(`${lease.name} is handed over`);
          onClose();
        });
      }}>
        <p>The other project pays from the next minute on. What runs in the lease goes on; what it has cost until now stays where it is.</p>
        <Field label="To the project">{(field) => <select {...field} value={projectId ?? ''} onChange={(event) => setChosen(event.target.value)}>{projects.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</select>}</Field>
        {give.error ? <ErrorNotice error={give.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={give.busy} why={why}>Hand it over</Button></div>
        <SameInTerminal line={commands.leaseHandOver(lease.id, projects.find(({ id }) => id === projectId)?.name)} />
      </form>
    </Dialog>
  );
}
