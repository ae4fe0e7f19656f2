import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { parseMoney, plainAmount } from '../../lib/money.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';

export type Quota = ReplyOf<'/api/quotas', 'get'>['items'][number];

const refused = (message: string): ApiError => new ApiError(0, { code: 'invalid_request', message, next: 'Correct the field and try again.' });
const figure = (value: number | null | undefined): string => (value === null || value === undefined ? '' : String(value));

/** A whole number or nothing. @throws ApiError */
function most(text: string, what: string): number | null {
  if (text.trim() === '') return null;
  if (!/^\d{1,6}$/.test(text.trim())) throw refused(`“${text}” is not a number of ${what}.`);
  return Number(text);
}

/** Sets the quota of the organisation or a project, in the place of the one before; one that is there can be taken away. */
export function QuotaDialog({ quota, onClose }: { quota: Quota | undefined; onClose: () => void }) {
  const { organisation } = useWhoami();
  const projects = useQuery(queries.projects).data?.items.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const scopes = [{ kind: 'organisation' as const, id: organisation.id, name: organisation.name }, ...projects.map(({ id, name }) => ({ kind: 'project' as const, id, name }))];
  const [scopeId, setScopeId] = useState(quota?.scope.id ?? projects[0]?.id ?? organisation.id);
  const scope = quota?.scope ?? scopes.find(({ id }) => id === scopeId) ?? scopes[0]!;
  const [nodes, setNodes] = useState(figure(quota?.nodes));
  const [gpus, setGpus] = useState(figure(quota?.gpus));
  const [leases, setLeases] = useState(figure(quota?.leases));
  const [spend, setSpend] = useState(quota?.spend ? plainAmount(quota.spend.amount) : '');
  const whyNot = useWhyNot('pools.write') ?? (quota?.byOperator === true ? 'The operator has set it.' : undefined);
  const empty = [nodes, gpus, leases, spend].every((text) => text.trim() === '');
  const save = useAction(async () => {
    const amount = spend.trim() === '' ? null : parseMoney(spend);
    if (amount === undefined) throw refused(`“${spend}” is not an amount of ${organisation.currency}, such as 2000 or 12.50.`);
    return api.post('/api/quotas', { body: { scope: { kind: scope.kind, id: scope.id }, nodes: most(nodes, 'machines'), gpus: most(gpus, 'GPUs'), leases: most(leases, 'leases'), spend: amount === null ? null : amount.toString() } });
  }, ['quotas', 'events']);
  const remove = useAction(async () => {
    if (quota !== undefined) await api.delete('/api/quotas/{id}', { path: { id: quota.id } });
    return true;
  }, ['quotas', 'events']);
  const error = save.error ?? remove.error;
  const number = (label: string, value: string, change: (text: string) => void) => <Field label={label}>{(field) => <input {...field} inputMode="numeric" className="num" placeholder="no limit" value={value} onChange={(event) => change(event.target.value)} />}</Field>;
  return (
    <Dialog title={quota === undefined ? 'Set a quota' : `Quota of ${scope.kind === 'project' ? scope.name : 'the organisation'}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined && !empty) void save.run().then((done) => {
          if (!done) return;
          announce(`The quota of ${done.scope.name} is set`);
          onClose();
        });
      }}>
        {quota === undefined ? <Field label="Of">{(field) => <select {...field} value={scope.id} onChange={(event) => setScopeId(event.target.value)}>{scopes.map(({ kind, id, name }) => <option key={id} value={id}>{kind === 'organisation' ? `The organisation: ${name}` : `Project: ${name}`}</option>)}</select>}</Field> : null}
        <p className="muted small">What stays empty has no limit. Leases that run are left alone; the next ones wait.</p>
        <div className="pair">{number('Machines at a time', nodes, setNodes)}{number('GPUs and slices at a time', gpus, setGpus)}</div>
        <div className="pair">{number('Leases at a time', leases, setLeases)}{number(`Providers a month, ${organisation.currency}`, spend, setSpend)}</div>
        {error ? <ErrorNotice error={error} /> : null}
        <div className="row end">
          {quota === undefined ? null : <Button kind="danger" busy={remove.busy} why={whyNot} onClick={() => void remove.run().then((done) => done && onClose())}>Remove</Button>}
          <span className="grow" /><Button onClick={onClose}>Leave it</Button>
          <Button kind="primary" type="submit" busy={save.busy} why={whyNot ?? (empty ? 'A quota needs at least one limit.' : undefined)}>Set the quota</Button>
        </div>
        <SameInTerminal line={commands.quotaSet(scope.kind === 'organisation' ? 'organisation' : `project:${scope.name}`, { machines: nodes, gpus, leases, spend })} />
      </form>
    </Dialog>
  );
}
