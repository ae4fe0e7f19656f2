import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration, plural } from '../../lib/format.ts';
import { byText } from '../../lib/order.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { SettingsPage } from './frame.tsx';
import { HEALTH } from './health.ts';

type Backend = Schemas['Backend'];
const KINDS = { local: 'The engine of this machine', 'openai-compatible': 'OpenAI’s chat completions', 'openai-responses': 'OpenAI’s responses', anthropic: 'Anthropic’s messages', gemini: 'Gemini’s generateContent', bedrock: 'Bedrock’s Converse' } as const;
const CHOICES = ['openai-compatible', 'openai-responses', 'anthropic', 'gemini', 'bedrock'] as const;
const FROM = { 'built-in': 'Built in', config: 'Operator’s file', api: 'Added here', fleet: 'Served from machines' } as const;

export function BackendsPage() {
  const query = useQuery(queries.backends);
  const whyNot = useWhyNot('models.write');
  const [open, setOpen] = useState<string>();
  const rows = query.data?.items;
  const shown = rows?.find(({ id }) => id === open);
  const lead = rows ? backendsLead(rows) : query.error ? 'The backends could not be read.' : 'Reading the backends…';
  return (
    <SettingsPage title="Backends" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Add a backend</Button>}>
      <Show query={query} bones={<TableBones rows={4} columns={5} />}>
        {({ items }) => (items.length === 0 ? <Empty title="Nothing answers yet" command={commands.backendAdd('vllm', 'https://gpu.example.com/v1', false)} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Add the first backend</Button>}><p>A backend is a server that speaks OpenAI’s API: vLLM, SGLang, llama.cpp’s server, Meta’s Model API.</p></Empty> : (
          <Table label="Backends" rows={items} rowKey={({ id }) => id} onRow={({ id }) => setOpen(id)} columns={[
            { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => name },
            { id: 'health', compare: byText(({ health }) => health.state), header: 'State', narrow: 'side', width: '9rem', cell: ({ health, enabled }) => (enabled ? <State tone={HEALTH[health.state][0]} title={health.reason ?? undefined}>{HEALTH[health.state][1]}</State> : <State tone="idle">Switched off</State>) },
            { id: 'url', compare: byText(({ url }) => url ?? ''), header: 'Address', narrow: 'sub', width: '40%', cell: ({ url, kind }) => (kind === 'local' ? <span className="muted">this machine</span> : <span className="mono clip">{url}</span>) },
            { id: 'key', compare: byText(({ hasKey }) => String(hasKey)), header: 'Key', narrow: 'hidden', width: '7rem', cell: ({ hasKey }) => (hasKey ? 'sealed' : <span className="muted">none</span>) },
            { id: 'from', compare: byText(({ from }) => from), header: 'From', narrow: 'hidden', width: '9rem', cell: ({ from }) => FROM[from] },
          ]} />
        ))}
      </Show>
      <SameInTerminal line={commands.backends} />
      {open === 'new' ? <NewBackend onClose={() => setOpen(undefined)} /> : shown ? <BackendDialog backend={shown} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function backendsLead(rows: readonly Backend[]): string {
  const down = rows.filter(({ enabled, health }) => enabled && (health.state === 'unavailable' || health.state === 'degraded'));
  const first = down[0];
  if (rows.length === 0) return 'Nothing answers calls yet.';
  if (!first) return `${plural(rows.length, 'backend')} ${rows.length === 1 ? 'answers' : 'answer'} calls, and nothing is wrong with ${rows.length === 1 ? 'it' : 'them'}.`;
  return `${first.name} is ${first.health.state}${first.health.reason === null ? '' : `: ${first.health.reason.replace(/\.$/, '')}`}.`;
}

function BackendDialog({ backend, whyNot, onClose }: { backend: Backend; whyNot: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const [key, setKey] = useState('');
  const path = { id: backend.id };
  const check = useAction(() => api.post('/api/backends/{id}/check', { path }), ['models']);
  const [answer, setAnswer] = useState<Awaited<ReturnType<typeof check.run>>>();
  const change = useAction((body: { enabled?: boolean; key?: string }) => api.patch('/api/backends/{id}', { path, body }), ['models', 'events']);
  const showsKeys = backend.keys.length > 1 || backend.keys.some(({ state }) => state !== 'ready');
  const fixed = whyNot ?? (backend.from === 'config' ? 'It is set in the operator’s file.' : backend.from === 'built-in' ? 'It is built in.' : undefined);
  if (removing) {
    return (
      <ConfirmDialog title={`Remove ${backend.name}?`} name={backend.name} action="Remove the backend" command={commands.backendRemove(backend.name)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/backends/{id}', { path });
          await client.invalidateQueries({ queryKey: ['models'] });
          announce(`${backend.name} is removed`);
        }}>
        <p>Its sealed key is deleted. A backend that a model still uses is not removed.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={backend.name} onClose={onClose} wide={showsKeys}>
      <div className="form">
        <Facts items={[
          ['State', <span key="state"><State tone={HEALTH[backend.health.state][0]}>{HEALTH[backend.health.state][1]}</State>{backend.health.reason === null ? '' : ` ${backend.health.reason}`}{backend.health.since === null ? null : <span className="muted beside">since <Ago at={backend.health.since} /></span>}</span>],
          ['Address', backend.url === null ? 'This machine' : <code key="url" className="break">{backend.url}</code>],
          ['From', FROM[backend.from]],
          ['Speaks', KINDS[backend.kind]],
          ['Key', backend.hasKey ? 'Sealed here; it is never shown again' : 'None'],
        ]} />
        {showsKeys ? (
          <>
            <Table label={`Keys of ${backend.name}`} rows={backend.keys} rowKey={({ label }) => label} columns={[
              { id: 'label', header: 'Key', narrow: 'title', cell: ({ label }) => label },
              { id: 'state', header: 'State', narrow: 'side', width: '14rem', cell: (key) => <KeyState backendKey={key} /> },
              { id: 'requests', header: 'Requests', unit: 'a minute', numeric: true, narrow: 'hidden', width: '8rem', cell: ({ requestsPerMinute }) => <span className="num">{requestsPerMinute === null ? '–' : count(requestsPerMinute)}</span> },
              { id: 'parallel', header: 'At a time', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ parallel }) => <span className="num">{parallel === null ? '–' : count(parallel)}</span> },
            ]} />
            <SameInTerminal line={commands.backendKeys(backend.name)} />
          </>
        ) : null}
        {answer ? <p className="verify-lead"><State tone={answer.ok ? 'good' : 'bad'}>{answer.ok ? 'It answers' : 'It does not answer'}</State> {answer.ok ? `${answer.latencyMs === null ? '' : `in ${duration(answer.latencyMs)} `}${answer.models.length === 0 ? '' : `with ${plural(answer.models.length, 'model')}: ${answer.models.slice(0, 6).join(', ')}`}${answer.next === null ? '' : ` – ${answer.next}`}` : `${answer.problem ?? ''} ${answer.next ?? ''}`}</p> : null}
        {fixed === undefined ? (
          <Field label={backend.hasKey ? 'Replace the key' : 'Add a key'} hint="It is sealed at once and never shown again.">{(field) => <span className="joined"><input {...field} type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} /><Button busy={change.busy} onClick={() => {
            if (key !== '') void change.run({ key }).then((done) => done && setKey(''));
          }}>Save</Button></span>}</Field>
        ) : null}
        {check.error ? <ErrorNotice error={check.error} /> : null}
        {change.error ? <ErrorNotice error={change.error} /> : null}
        {fixed === undefined ? null : <p className="small muted">{fixed}</p>}
        <div className="row end">
          {fixed === undefined ? <><Button kind="danger" onClick={() => setRemoving(true)}>Remove</Button><Button onClick={() => void change.run({ enabled: !backend.enabled })}>{backend.enabled ? 'Switch off' : 'Switch on'}</Button></> : null}
          <span className="grow" />
          <Button kind="primary" busy={check.busy} aria-disabled={whyNot !== undefined || undefined} onClick={() => {
            if (whyNot === undefined) void check.run().then(setAnswer);
          }}>{check.busy ? 'Calling it…' : 'Check it now'}</Button>
        </div>
        <SameInTerminal line={commands.backendCheck(backend.name)} />
      </div>
    </Dialog>
  );
}

/** A key rests when its backend refused it or told it to slow down. */
function KeyState({ backendKey: { state, reason, againAt } }: { backendKey: Backend['keys'][number] }) {
  if (state === 'ready') return <State tone="good">Ready</State>;
  return <span title={reason ?? undefined}><State tone={state === 'unreadable' ? 'bad' : 'warn'}>{state === 'full' ? 'At its limit' : state === 'resting' ? 'Rests' : 'Not readable'}</State><span className="muted small beside">{reason ?? ''}{againAt === null ? null : <> until <When at={againAt} /></>}</span></span>;
}

function NewBackend({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [url, setUrl] = useState('');
  const [key, setKey] = useState('');
  const [kind, setKind] = useState<(typeof CHOICES)[number]>('openai-compatible');
  const create = useAction(() => api.post('/api/backends', { body: { name: name.trim(), url: url.trim(), kind, ...(key === '' ? {} : { key }) } }), ['models', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param === param ? `${create.error.message} ${create.error.next}` : undefined);
  return (
    <Dialog title="Add a backend" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((backend) => {
          if (!backend) return;
          announce(`${backend.name} is added; give one of its models a name next`);
          onClose();
        });
      }}>
        <Field label="Name" error={wrong('name')}>{(field) => <input {...field} autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="It speaks" error={wrong('kind')}>{(field) => <select {...field} value={kind} onChange={(event) => setKind(CHOICES.find((one) => one === event.target.value) ?? 'openai-compatible')}>{CHOICES.map((one) => <option key={one} value={one}>{KINDS[one]}</option>)}</select>}</Field>
        <Field label="Address" hint="Up to and with /v1. Private ranges are opened in the operator’s file only." error={wrong('url')}>{(field) => <input {...field} type="url" className="mono" placeholder="https://gpu.example.com/v1" spellCheck={false} value={url} onChange={(event) => setUrl(event.target.value)} />}</Field>
        <Field label="Key" hint="It is sealed at once and never shown again. Empty: none." error={wrong('key')}>{(field) => <input {...field} type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />}</Field>
        {create.error && ['name', 'url', 'key'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Add the backend</Button></div>
        <SameInTerminal line={commands.backendAdd(name, url, key !== '', kind)} />
      </form>
    </Dialog>
  );
}
