import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { useRange } from '../../lib/range.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { SettingsPage } from './frame.tsx';
import { GOALS } from './goals.ts';
import { HEALTH } from './health.ts';
import { ModelDialog, PricePair } from './model-dialog.tsx';

type Model = Schemas['Model'];

export function ModelsPage() {
  const query = useQuery(queries.models);
  const whyNot = useWhyNot('models.write');
  const [open, setOpen] = useState<{ readonly name: string | null }>();
  const rows = query.data?.items;
  const { from } = useRange('30d');
  const calls = useQuery({ ...queries.spend({ metric: 'requests', group: 'model', top: 500, from }), enabled: rows !== undefined && rows.length > 0 }).data;
  const callsOf = useMemo(() => (calls === undefined ? undefined : new Map(calls.groups.map(({ key, requests }) => [key, requests]))), [calls]);
  const shown = rows?.find(({ name }) => name === open?.name);
  const lead = rows ? modelsLead(rows) : query.error ? 'The models could not be read.' : 'Reading the models…';
  return (
    <SettingsPage title="Models" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen({ name: null })}>Add a model</Button>}>
      <Show query={query} bones={<TableBones rows={4} columns={5} />}>
        {({ items }) => (items.length === 0 ? <Empty title="There is no model yet" command={commands.doctor} action={<Button kind="primary" why={whyNot} onClick={() => setOpen({ name: null })}>Add the first model</Button>}><p>The embedded model comes by itself; this says why it has not:</p></Empty> : (
          <Table label="Models" rows={items} rowKey={({ name }) => name} onRow={setOpen} columns={[
            { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => <span className="clip mono" title={name}>{name}</span> },
            { id: 'health', compare: byText(({ health }) => health.state), header: 'State', narrow: 'side', width: '6.5rem', cell: ({ health, enabled }) => (enabled ? <State tone={HEALTH[health.state][0]} title={health.reason ?? undefined}>{HEALTH[health.state][1]}</State> : <State tone="idle">Switched off</State>) },
            { id: 'backend', compare: byText(({ backend }) => backend.name), header: 'Answered by', narrow: 'sub', width: '36%', cell: (model) => <AnsweredBy model={model} /> },
            { id: 'calls', compare: byNumber(({ name }) => callsOf?.get(name) ?? '0'), header: 'Requests', unit: '30 days', numeric: true, narrow: 'sub', width: '7.5rem', cell: ({ name }) => (callsOf === undefined ? <span className="muted">–</span> : <Link to="/models/requests" search={{ model: name, range: '30d' } as never} className="num">{count(callsOf.get(name) ?? '0')}<span className="narrow-only"> requests</span></Link>) },
            { id: 'context', compare: byNumber(({ contextTokens }) => contextTokens), header: 'Context', unit: 'tokens', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ contextTokens }) => <span className="num">{contextTokens === null ? '–' : count(contextTokens)}</span> },
            { id: 'price', compare: byNumber(({ price }) => price?.output?.price), header: 'Price in / out', unit: `${items[0]?.currency ?? ''} per million`, numeric: true, narrow: 'hidden', width: '12rem', cell: (model) => <PricePair price={model.price} currency={model.currency} missing="No price" /> },
          ]} />
        ))}
      </Show>
      <p className="small muted table-note">All of this can be kept in a file too: an export writes it, and its plan shows what a change would do before it is applied.</p>
      <SameInTerminal line={commands.plan} />
      {open?.name === null ? <NewModel onClose={() => setOpen(undefined)} /> : shown ? <ModelDialog model={shown} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function modelsLead(rows: readonly Model[]): string {
  if (rows.length === 0) return 'No model can be called yet.';
  const ready = rows.filter(({ health, enabled, price }) => enabled && price !== null && health.state !== 'unavailable' && health.state !== 'starting');
  const priceless = rows.filter(({ price }) => price === null);
  const down = rows.find(({ health }) => health.state === 'unavailable') ?? rows.find(({ health }) => health.state === 'degraded');
  const whole = ready.length === rows.length ? (rows.length === 1 ? `${rows[0]?.name ?? ''} can be called` : `${rows.length === 2 ? 'Both' : `All ${count(rows.length)}`} models can be called`) : `${count(ready.length)} of ${plural(rows.length, 'model')} can be called`;
  return `${whole}${down ? `; ${down.name} is ${down.health.state}` : priceless[0] ? `; ${priceless[0].name} has no price` : ''}.`;
}

/** One target by its backend and name; several by how many there are and which of them rest. */
function AnsweredBy({ model: { targets, goal } }: { model: Model }) {
  const [first] = targets;
  if (targets.length === 1 && first) return <span className="clip" title={`${first.backend.name} ${first.model}`}>{first.backend.name}<span className="muted beside mono">{first.model}</span></span>;
  const resting = targets.filter(({ enabled, breaker }) => enabled && breaker.state === 'open').length;
  return <span className="clip">{plural(targets.length, 'target')}<span className="muted beside">{GOALS[goal].toLowerCase()}{resting === 0 ? '' : `; ${count(resting)} left alone`}</span></span>;
}

function NewModel({ onClose }: { onClose: () => void }) {
  const backends = useQuery(queries.backends).data?.items ?? [];
  const [name, setName] = useState('');
  const [backendId, setBackend] = useState('');
  const [backendModel, setModel] = useState('');
  const [context, setContext] = useState('');
  const [most, setMost] = useState('4096');
  const chosen = backendId === '' ? backends.find(({ kind }) => kind !== 'local')?.id ?? backends[0]?.id ?? '' : backendId;
  const body = { name: name.trim(), backendId: chosen, backendModel: backendModel.trim(), contextTokens: context.trim() === '' ? null : Number(context), maxOutputTokens: Number(most) };
  const create = useAction(() => api.post('/api/models', { body }), ['models', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param === param ? create.error.message : undefined);
  return (
    <Dialog title="Add a model" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((model) => {
          if (!model) return;
          announce(model.price === null ? `${model.name} is added; it needs a price before it can be called` : `${model.name} is added`);
          onClose();
        });
      }}>
        <Field label="Name" hint="What callers write, such as team/fast." error={wrong('name')}>{(field) => <input {...field} className="mono" autoFocus spellCheck={false} maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <div className="pair">
          <Field label="Backend" error={wrong('backendId')}>{(field) => <select {...field} value={chosen} onChange={(event) => setBackend(event.target.value)}>{backends.map(({ id, name: title }) => <option key={id} value={id}>{title}</option>)}</select>}</Field>
          <Field label="Its name there" error={wrong('backendModel')}>{(field) => <input {...field} className="mono" spellCheck={false} maxLength={300} value={backendModel} onChange={(event) => setModel(event.target.value)} />}</Field>
        </div>
        <div className="pair">
          <Field label="Context, tokens" hint="Empty: not known." error={wrong('contextTokens')}>{(field) => <input {...field} inputMode="numeric" className="num" value={context} onChange={(event) => setContext(event.target.value)} />}</Field>
          <Field label="Longest reply, tokens" error={wrong('maxOutputTokens')}>{(field) => <input {...field} inputMode="numeric" className="num" value={most} onChange={(event) => setMost(event.target.value)} />}</Field>
        </div>
        {create.error && ['name', 'backendId', 'backendModel', 'contextTokens', 'maxOutputTokens'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Add the model</Button></div>
        <SameInTerminal line={commands.modelAdd(name, backends.find(({ id }) => id === chosen)?.name ?? '', backendModel, most)} />
      </form>
    </Dialog>
  );
}
