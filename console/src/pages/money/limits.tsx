import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { keyChoices } from '../../lib/key-names.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { countingOf, isByName, offeredIn, subjectOf, type Counting } from './counting.ts';
import { MoneyPage } from './frame.tsx';

type Limit = Schemas['Limit'];
type Body = BodyOf<'/api/limits', 'post'>;
type Metric = Limit['metric'];
type SubjectKind = NonNullable<Limit['subject']>['kind'];

const WHAT: { readonly [M in Metric]: string } = { requests: 'requests a minute', tokens: 'tokens a minute', parallel: 'requests at once' };
const COUNTINGS: readonly Counting<SubjectKind>[] = ['together', 'each user', 'each key', 'each model', 'each project', 'each tag', 'one user', 'one model', 'one tag'];
const KIND = { organisation: 'Organisation', project: 'Project', key: 'Key' } as const;
const badAmount = (text: string): ApiError => new ApiError(0, { code: 'invalid_request', message: `“${text}” is not a whole number.`, next: 'Correct the amount and try again.', param: 'amount' });
const parseAmount = (text: string): number | undefined => (/^\d{1,12}$/.test(text.trim()) ? Number(text.trim()) : undefined);
const count = (amount: number): string => amount.toLocaleString('en-US');

export function LimitsPage() {
  const query = useQuery(queries.limits);
  const project = useProject();
  const whyNot = useWhyNot('budgets.write');
  const [open, setOpen] = useState<'new' | Limit>();
  const rows = query.data?.items.filter(({ scope }) => project === undefined || scope.kind !== 'project' || scope.id === project);
  const lead = rows ? limitsLead(rows) : query.error ? 'The limits could not be read.' : 'Reading the limits…';
  return (
    <MoneyPage title="Limits" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Set a limit</Button>}>
      <Show query={{ data: rows, error: query.error, refetch: query.refetch }} bones={<TableBones columns={3} />}>
        {(limits) => (limits.length === 0 ? (
          <Empty title="Nothing limits how fast models are called yet" command={commands.limitSet({ kind: 'project', name: 'default' }, '20', 'requests', 'each user', '')} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Set the first limit</Button>}>
            <p>A limit holds requests or tokens a minute, or requests at once, of a key, a project, or each user of it, over all server processes together.</p>
          </Empty>
        ) : <List rows={limits} onOpen={setOpen} />)}
      </Show>
      {open === 'new' ? <NewLimit onClose={() => setOpen(undefined)} /> : open ? <ChangeLimit limit={open} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </MoneyPage>
  );
}

function limitsLead(rows: readonly Limit[]): string {
  if (rows.length === 0) return 'Models are called as fast as they answer: no limit is set.';
  const each = rows.find(({ subject, metric }) => subject?.kind === 'user' && subject.name === null && metric === 'requests');
  if (each) return `Each user may send ${count(each.amount)} requests a minute; ${plural(rows.length, 'limit')} in all.`;
  return `${plural(rows.length, 'limit')} hold${rows.length === 1 ? 's' : ''} how fast models are called.`;
}

function List({ rows, onOpen }: { rows: readonly Limit[]; onOpen: (limit: Limit) => void }) {
  const [{ sort = 'holder' }, set] = useUrlState();
  const columns: readonly Column<Limit>[] = [
    { id: 'holder', header: 'Limit of', narrow: 'title', compare: (a, b) => a.holder.localeCompare(b.holder), cell: ({ holder }) => holder },
    { id: 'what', header: 'What', width: '14rem', narrow: 'sub', compare: (a, b) => a.metric.localeCompare(b.metric), cell: ({ metric }) => WHAT[metric] },
    { id: 'amount', header: 'At most', numeric: true, width: '10rem', narrow: 'side', compare: (a, b) => a.amount - b.amount, cell: ({ amount }) => count(amount) },
  ];
  return (
    <>
      <Table label="Limits" columns={columns} rows={rows} rowKey={({ id }) => id} onRow={onOpen} sort={sort} onSort={(next) => set({ sort: next })} />
      <p className="small muted table-note">A minute is one of the clock, in UTC. A call over a limit is refused with the limit’s name and when to come back; it uses nothing of the others.</p>
      <SameInTerminal line={commands.limits} />
    </>
  );
}

function NewLimit({ onClose }: { onClose: () => void }) {
  const { organisation } = useWhoami();
  const projects = useQuery(queries.projects).data?.items ?? [];
  const keys = useInfiniteQuery(queries.keys).data?.pages.flatMap(({ items }) => items) ?? [];
  const scopes = [{ kind: 'organisation' as const, id: organisation.id, name: organisation.name, word: '' }, ...projects.map(({ id, name }) => ({ kind: 'project' as const, id, name, word: name })), ...keyChoices(keys.filter(({ state }) => state === 'active')).map((key) => ({ kind: 'key' as const, ...key }))];
  const [scope, setScope] = useState(projects[0]?.id ?? organisation.id);
  const [metric, setMetric] = useState<Metric>('requests');
  const [counting, setCounting] = useState<Counting<SubjectKind>>('together');
  const [name, setName] = useState('');
  const [amount, setAmount] = useState('');
  const chosen = scopes.find(({ id }) => id === scope) ?? scopes[0]!;
  const offered = offeredIn(COUNTINGS, chosen.kind);
  const used = offered.includes(counting) ? counting : 'together';
  const byName = isByName(used);
  const create = useAction(async () => {
    const number = parseAmount(amount);
    if (number === undefined) throw badAmount(amount);
    const body: Body = { scope: { kind: chosen.kind, id: chosen.id }, subject: subjectOf(used, name), metric, amount: number };
    return api.post('/api/limits', { body });
  }, ['limits', 'events']);
  return (
    <Dialog title="Set a limit" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((limit) => {
          if (!limit) return;
          announce(`${limit.holder}: ${count(limit.amount)} ${WHAT[limit.metric]}`);
          onClose();
        });
      }}>
        <Field label="Calls of">{(field) => <select {...field} value={chosen.id} onChange={(event) => setScope(event.target.value)}>{scopes.map(({ kind, id, name: text }) => <option key={id} value={id}>{KIND[kind]}: {text}</option>)}</select>}</Field>
        <div className="pair">
          <Field label="Counted">{(field) => <select {...field} value={used} onChange={(event) => setCounting(event.target.value as Counting<SubjectKind>)}>{offered.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
          {byName ? <Field label={`Name of the ${used.slice(4)}`}>{(field) => <input {...field} required value={name} onChange={(event) => setName(event.target.value)} />}</Field> : null}
        </div>
        <div className="pair">
          <Field label="At most" error={create.error?.param === 'amount' ? create.error.message : undefined}>{(field) => <input {...field} inputMode="numeric" className="num" placeholder="20" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
          <Field label="What">{(field) => <select {...field} value={metric} onChange={(event) => setMetric(event.target.value as Metric)}><option value="requests">requests a minute</option><option value="tokens">tokens a minute</option><option value="parallel">requests at once</option></select>}</Field>
        </div>
        <p className="muted small">It holds over all server processes together, from the next call on.</p>
        {create.error && create.error.param !== 'amount' ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Set the limit</Button></div>
        <SameInTerminal line={commands.limitSet({ ...chosen, name: chosen.word }, amount, metric, used, name)} />
      </form>
    </Dialog>
  );
}

function ChangeLimit({ limit, whyNot, onClose }: { limit: Limit; whyNot: string | undefined; onClose: () => void }) {
  const [amount, setAmount] = useState(String(limit.amount));
  const [removing, setRemoving] = useState(false);
  const client = useQueryClient();
  const save = useAction(async () => {
    const number = parseAmount(amount);
    if (number === undefined) throw badAmount(amount);
    return api.patch('/api/limits/{id}', { path: { id: limit.id }, body: { amount: number } });
  }, ['limits', 'events']);
  if (removing) {
    return (
      <ConfirmDialog title={`Remove the limit of ${limit.holder}?`} action="Remove the limit" command={commands.limitRemove(limit.id)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/limits/{id}', { path: { id: limit.id } });
          await client.invalidateQueries({ queryKey: ['limits'] });
        }}>
        <p>Its calls are then held by the limits above it only. It can be set again at any time.</p>
      </ConfirmDialog>
    );
  }
  const counting = countingOf(limit.subject);
  return (
    <Dialog title={`Limit of ${limit.holder}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined) void save.run().then((done) => done && onClose());
      }}>
        <Field label={`At most, ${WHAT[limit.metric]}`} hint="A change is in force everywhere within a second; calls that run go on." error={save.error?.param === 'amount' ? save.error.message : undefined}>{(field) => <input {...field} inputMode="numeric" className="num" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
        {save.error && save.error.param !== 'amount' ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button kind="danger" why={whyNot} onClick={() => setRemoving(true)}>Remove</Button><span className="grow" /><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy} aria-disabled={whyNot !== undefined || undefined}>Save</Button></div>
        <SameInTerminal line={commands.limitSet(limit.scope, amount, limit.metric, counting, limit.subject?.name ?? '')} />
      </form>
    </Dialog>
  );
}
