import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { Ago, For } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Secret } from '../../ui/secret.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { SettingsPage } from './frame.tsx';
import { RotateDialog } from './rotate.tsx';

type Webhook = Schemas['Webhook'];
const EVENTS: Readonly<Record<Webhook['events'][number], string>> = { 'budget.alert': 'Budgets that reach a share', 'lease.notice': 'Leases of machines that end soon' };
const CHOICES = ['budget.alert', 'lease.notice'] as const;
const DELIVERY = { waiting: ['wait', 'Waits'], delivered: ['good', 'Taken'], 'given-up': ['bad', 'Given up'] } as const;

/** Who is told of events, and does it arrive? */
export function WebhooksPage() {
  const query = useQuery(queries.webhooks);
  const whyNot = useWhyNot('webhooks.write');
  const [open, setOpen] = useState<string>();
  const rows = query.data?.items;
  const shown = rows?.find(({ id }) => id === open);
  const lead = rows ? webhooksLead(rows) : query.error ? 'The webhooks could not be read.' : 'Reading the webhooks…';
  return (
    <SettingsPage title="Webhooks" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Add an address</Button>}>
      <Show query={query} bones={<TableBones rows={3} columns={5} />}>
        {({ items }) => (items.length === 0 ? (
          <Empty title="Nobody is told of anything" command={commands.webhookAdd('https://hooks.example.com/tandem')} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Add the first address</Button>}>
            <p>An address here is told when a budget reaches a share of its amount, by a signed message that is tried again for three days.</p>
          </Empty>
        ) : (
          <Table label="Webhooks" rows={items} rowKey={({ id }) => id} onRow={({ id }) => setOpen(id)} columns={[
            { id: 'url', compare: byText(({ url }) => url), header: 'Address', narrow: 'title', cell: ({ url }) => <span className="mono clip">{url}</span> },
            { id: 'state', compare: byText(({ failingSince }) => failingSince ?? ''), header: 'State', narrow: 'side', width: '9rem', cell: (webhook) => <WebhookState webhook={webhook} /> },
            { id: 'last', compare: byText(({ lastDeliveredAt }) => lastDeliveredAt ?? ''), header: 'Last taken', narrow: 'sub', width: '9rem', cell: ({ lastDeliveredAt }) => <Ago at={lastDeliveredAt} /> },
            { id: 'waiting', compare: byNumber(({ waiting }) => waiting), header: 'Waiting', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ waiting }) => <span className="num">{count(waiting)}</span> },
            { id: 'lag', compare: byText(({ oldestWaitingAt }) => oldestWaitingAt ?? ''), header: 'Oldest waits for', narrow: 'hidden', width: '11rem', cell: ({ oldestWaitingAt }) => <For since={oldestWaitingAt} none="nothing waits" /> },
            { id: 'next', compare: byText(({ nextTryAt }) => nextTryAt ?? ''), header: 'Next try', narrow: 'hidden', width: '9rem', cell: ({ nextTryAt }) => <Ago at={nextTryAt} never="none" /> },
          ]} />
        ))}
      </Show>
      <SameInTerminal line={commands.webhooks} />
      {open === 'new' ? <NewWebhook onClose={() => setOpen(undefined)} /> : shown ? <WebhookDialog webhook={shown} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function webhooksLead(rows: readonly Webhook[]): React.ReactNode {
  if (rows.length === 0) return 'Nobody is told when a budget reaches a share.';
  const failing = rows.filter(({ failingSince }) => failingSince !== null).toSorted((a, b) => (a.failingSince! < b.failingSince! ? -1 : 1))[0];
  if (failing) return <>{new URL(failing.url).host} has taken nothing for <For since={failing.failingSince} none="a while" />: {failing.lastProblem}.</>;
  return `${plural(rows.length, 'address', 'addresses')} ${rows.length === 1 ? 'is' : 'are'} told of events, and everything arrived.`;
}

function WebhookState({ webhook: { failingSince, waiting, lastProblem } }: { webhook: Webhook }) {
  if (failingSince !== null) return <State tone="bad" title={lastProblem ?? undefined}>Fails</State>;
  return waiting > 0 ? <State tone="busy">Sending</State> : <State tone="good">Up to date</State>;
}

function WebhookDialog({ webhook, whyNot, onClose }: { webhook: Webhook; whyNot: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [mode, setMode] = useState<'show' | 'rotate' | 'remove'>('show');
  const deliveries = useQuery(queries.deliveries(webhook.id));
  const path = { id: webhook.id };
  const { host } = new URL(webhook.url);
  if (mode === 'rotate') return <RotateDialog name={host} command={commands.webhookRotate(webhook.id)} rotate={() => api.post('/api/webhooks/{id}/rotate', { path, body: {} })} onClose={onClose} />;
  if (mode === 'remove') {
    return (
      <ConfirmDialog title={`Tell ${host} no more?`} action="Remove the address" command={commands.webhookRemove(webhook.id)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/webhooks/{id}', { path });
          await client.invalidateQueries({ queryKey: ['webhooks'] });
          announce(`${host} is removed`);
        }}>
        <p>{webhook.waiting === 0 ? 'Nothing waits for it.' : `${plural(webhook.waiting, 'message')} that ${webhook.waiting === 1 ? 'waits' : 'wait'} for it ${webhook.waiting === 1 ? 'is' : 'are'} given up.`} It can be added again, with a new secret.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={host} onClose={onClose} wide>
      <div className="form">
        <Facts items={[
          ['State', <span key="state"><WebhookState webhook={webhook} />{webhook.failingSince === null ? null : <span className="muted beside">{webhook.lastProblem}, for <For since={webhook.failingSince} none="a while" /></span>}</span>],
          ['Address', <code key="url" className="break">{webhook.url}</code>],
          ['Told of', webhook.events.map((event) => EVENTS[event]).join(', ')],
          ['Last taken', <Ago key="last" at={webhook.lastDeliveredAt} />],
          ['Waiting', webhook.waiting === 0 ? 'nothing' : <>{count(webhook.waiting)}, the oldest for <For key="since" since={webhook.oldestWaitingAt} none="a while" />; next try <Ago key="next" at={webhook.nextTryAt} /></>],
          ['Given up', webhook.givenUp === 0 ? 'nothing in the last 30 days' : `${plural(webhook.givenUp, 'message')} in the last 30 days`],
        ]} />
        <h3>What was sent?</h3>
        <Show query={deliveries} bones={<TableBones rows={3} columns={4} />}>
          {({ items }) => (items.length === 0 ? <p className="small muted">Nothing yet: no budget has reached a share since it was added.</p> : (
            <Table label={`Messages to ${host}`} rows={items.slice(0, 8)} rowKey={({ id }) => id} columns={[
              { id: 'event', header: 'Event', narrow: 'title', cell: ({ event }) => <span className="mono">{event}</span> },
              { id: 'state', header: 'State', narrow: 'side', width: '8rem', cell: ({ state }) => <State tone={DELIVERY[state][0]}>{DELIVERY[state][1]}</State> },
              { id: 'made', header: 'Made', narrow: 'sub', width: '8rem', cell: ({ createdAt }) => <Ago at={createdAt} /> },
              { id: 'tries', header: 'Tries', numeric: true, narrow: 'hidden', width: '5rem', cell: ({ attempts }) => <span className="num">{count(attempts)}</span> },
              { id: 'next', header: 'Next try', narrow: 'hidden', width: '8rem', cell: ({ dueAt }) => <Ago at={dueAt} never="none" /> },
              { id: 'problem', header: 'Problem', narrow: 'hidden', cell: ({ lastProblem }) => lastProblem ?? <span className="muted">–</span> },
            ]} />
          ))}
        </Show>
        {whyNot === undefined ? null : <p className="small muted">{whyNot}</p>}
        {whyNot === undefined ? <div className="row end"><Button kind="danger" onClick={() => setMode('remove')}>Remove</Button><Button onClick={() => setMode('rotate')}>New secret</Button><span className="grow" /></div> : null}
        <SameInTerminal line={commands.webhookDeliveries(webhook.id)} />
      </div>
    </Dialog>
  );
}

function NewWebhook({ onClose }: { onClose: () => void }) {
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<readonly Webhook['events'][number][]>(['budget.alert']);
  const [made, setMade] = useState<{ readonly endpoint: Webhook; readonly secret: string }>();
  const create = useAction(() => api.post('/api/webhooks', { body: { url: url.trim(), events: [...events] } }), ['webhooks', 'events']);
  if (made) {
    return (
      <Dialog title={`${new URL(made.endpoint.url).host} is told from now on`} onClose={onClose}>
        <div className="form">
          <Secret title="Its signing secret" secret={made.secret} sealed />
          <p className="small">Messages are signed by it as the Standard Webhooks specification has it. Shares are set with each budget.</p>
          <div className="row end"><Button kind="primary" onClick={onClose}>Done</Button></div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Have an address told" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((done) => done && setMade(done));
      }}>
        <Field label="Address" hint="Private ranges are opened in the operator’s file only." error={create.error?.param === 'url' ? `${create.error.message} ${create.error.next}` : undefined}>{(field) => <input {...field} type="url" required autoFocus className="mono" placeholder="https://hooks.example.com/tandem" spellCheck={false} value={url} onChange={(event) => setUrl(event.target.value)} />}</Field>
        <fieldset className="field">
          <legend>Told of</legend>
          {CHOICES.map((event) => <label key={event} className="check"><input type="checkbox" checked={events.includes(event)} onChange={() => setEvents(CHOICES.filter((one) => (one === event ? !events.includes(one) : events.includes(one))))} />{EVENTS[event]}</label>)}
        </fieldset>
        {create.error && create.error.param !== 'url' ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy} why={events.length === 0 ? 'Choose what it is told of.' : undefined}>Add the address</Button></div>
        <SameInTerminal line={commands.webhookAdd(url, events)} />
      </form>
    </Dialog>
  );
}
