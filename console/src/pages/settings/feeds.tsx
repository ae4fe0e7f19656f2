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
import { Ago, For, When } from '../../ui/amount.tsx';
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

type Feed = Schemas['Feed'];
const FORMATS = { tandem: 'Events as they are', stripe: 'Stripe’s meter events' } as const;
const STATES = { sending: ['good', 'Sending'], paused: ['idle', 'Paused'], failing: ['bad', 'Fails'] } as const;

/** Where does usage go, and how far is it? */
export function FeedsPage() {
  const query = useQuery(queries.feeds);
  const whyNot = useWhyNot('webhooks.write');
  const [open, setOpen] = useState<string>();
  const rows = query.data?.items;
  const shown = rows?.find(({ id }) => id === open);
  const lead = rows ? feedsLead(rows) : query.error ? 'The feeds could not be read.' : 'Reading the feeds…';
  return (
    <SettingsPage title="Usage feeds" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Add a feed</Button>}>
      <Show query={query} bones={<TableBones rows={3} columns={5} />}>
        {({ items }) => (items.length === 0 ? (
          <Empty title="Usage stays here" command={commands.feedAdd('https://warehouse.example.com/tandem', { format: 'tandem', customer: '', from: '' })} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Add the first feed</Button>}>
            <p>A feed sends every usage event to an address: a warehouse, or a meter that bills. In order, signed, at least once; a receiver that is down misses nothing.</p>
          </Empty>
        ) : (
          <Table label="Usage feeds" rows={items} rowKey={({ id }) => id} onRow={({ id }) => setOpen(id)} columns={[
            { id: 'url', compare: byText(({ url }) => url), header: 'Address', narrow: 'title', cell: ({ url }) => <span className="mono clip">{url}</span> },
            { id: 'state', compare: byText(({ state }) => state), header: 'State', narrow: 'side', width: '9rem', cell: ({ state, lastProblem }) => <State tone={STATES[state][0]} title={lastProblem ?? undefined}>{STATES[state][1]}</State> },
            { id: 'format', compare: byText(({ format }) => format), header: 'Form', narrow: 'hidden', width: '12rem', cell: ({ format }) => FORMATS[format] },
            { id: 'last', compare: byText(({ lastSentAt }) => lastSentAt ?? ''), header: 'Last taken', narrow: 'sub', width: '9rem', cell: ({ lastSentAt }) => <Ago at={lastSentAt} /> },
            { id: 'from', compare: byText(({ resumesFrom }) => resumesFrom ?? ''), header: 'Lag', narrow: 'hidden', width: '9rem', cell: ({ resumesFrom }) => <For since={resumesFrom} none="none" /> },
            { id: 'sent', compare: byNumber(({ sent }) => sent), header: 'Sent', unit: 'events', numeric: true, narrow: 'hidden', width: '9rem', cell: ({ sent }) => <span className="num">{count(sent)}</span> },
          ]} />
        ))}
      </Show>
      <SameInTerminal line={commands.feeds} />
      {open === 'new' ? <NewFeed onClose={() => setOpen(undefined)} /> : shown ? <FeedDialog feed={shown} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function feedsLead(rows: readonly Feed[]): React.ReactNode {
  if (rows.length === 0) return 'Usage is sent nowhere.';
  const failing = rows.filter(({ state }) => state === 'failing').toSorted((a, b) => ((a.failingSince ?? '') < (b.failingSince ?? '') ? -1 : 1))[0];
  if (failing) return <>{new URL(failing.url).host} has taken nothing for <For since={failing.failingSince} none="a while" />: {failing.lastProblem}.</>;
  const paused = rows.filter(({ state }) => state === 'paused').length;
  return `Usage is sent to ${plural(rows.length, 'address', 'addresses')}${paused === 0 ? ', and everything arrives' : `; ${paused === rows.length ? (paused === 1 ? 'it is' : 'all are') : `${count(paused)} ${paused === 1 ? 'is' : 'are'}`} paused`}.`;
}

function FeedDialog({ feed, whyNot, onClose }: { feed: Feed; whyNot: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [mode, setMode] = useState<'show' | 'rotate' | 'remove' | 'replay'>('show');
  const path = { id: feed.id };
  const { host } = new URL(feed.url);
  const change = useAction((body: { paused?: boolean; replayFrom?: string }) => api.patch('/api/feeds/{id}', { path, body }), ['feeds', 'events']);
  if (mode === 'rotate') return <RotateDialog name={host} command={commands.feedRotate(feed.id)} rotate={() => api.post('/api/feeds/{id}/rotate', { path, body: {} })} onClose={onClose} />;
  if (mode === 'replay') return <ReplayDialog feed={feed} onClose={() => setMode('show')} />;
  if (mode === 'remove') {
    return (
      <ConfirmDialog title={`Send nothing more to ${host}?`} action="Remove the feed" command={commands.feedRemove(feed.id)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/feeds/{id}', { path });
          await client.invalidateQueries({ queryKey: ['feeds'] });
          announce(`The feed to ${host} is removed`);
        }}>
        <p>The usage itself stays here. A new feed can begin with any time of before.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={host} onClose={onClose}>
      <div className="form">
        <Facts items={[
          ['State', <span key="state"><State tone={STATES[feed.state][0]}>{STATES[feed.state][1]}</State>{feed.state === 'failing' ? <span className="muted beside">{feed.lastProblem}, for <For since={feed.failingSince} none="a while" /></span> : null}</span>],
          ['Address', <code key="url" className="break">{feed.url}</code>],
          ['Form', FORMATS[feed.format]],
          ['Known there as', <code key="customer" className="break">{feed.customer}</code>],
          ['Last taken', <Ago key="last" at={feed.lastSentAt} />],
          ['Goes on from', feed.resumesFrom === null ? 'all is sent' : <>what was recorded on <When key="from" at={feed.resumesFrom} /></>],
          ['Next try', feed.state === 'failing' ? <Ago key="next" at={feed.nextTryAt} /> : feed.state === 'paused' ? 'when it is resumed' : 'as usage comes'],
          ['Sent', `${plural(feed.sent, 'event')}, repeated ones counted again`],
        ]} />
        {change.error ? <ErrorNotice error={change.error} /> : null}
        {whyNot === undefined ? null : <p className="small muted">{whyNot}</p>}
        {whyNot === undefined ? (
          <div className="row end">
            <Button kind="danger" onClick={() => setMode('remove')}>Remove</Button><Button onClick={() => setMode('rotate')}>New secret</Button><Button onClick={() => setMode('replay')}>Send again</Button><span className="grow" />
            {feed.state === 'failing' ? <Button busy={change.busy} onClick={() => void change.run({ paused: false })}>Try now</Button> : null}
            <Button kind="primary" busy={change.busy} onClick={() => void change.run({ paused: feed.state !== 'paused' })}>{feed.state === 'paused' ? 'Resume' : 'Pause'}</Button>
          </div>
        ) : null}
        <SameInTerminal line={feed.state === 'paused' ? commands.feedResume(feed.id) : commands.feedPause(feed.id)} />
      </div>
    </Dialog>
  );
}

function ReplayDialog({ feed, onClose }: { feed: Feed; onClose: () => void }) {
  const [from, setFrom] = useState('');
  const replay = useAction(() => api.patch('/api/feeds/{id}', { path: { id: feed.id }, body: { replayFrom: `${from}T00:00:00.000Z` } }), ['feeds', 'events']);
  return (
    <Dialog title={`Send again to ${new URL(feed.url).host}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void replay.run().then((done) => {
          if (!done) return;
          announce('It is sent again, in order');
          onClose();
        });
      }}>
        <Field label="What was recorded from" hint="The start of that day, UTC. Receivers know repeated events by their id." error={replay.error?.param === 'replayFrom' ? replay.error.message : undefined}>{(field) => <input {...field} type="date" required value={from} onChange={(event) => setFrom(event.target.value)} />}</Field>
        {replay.error && replay.error.param !== 'replayFrom' ? <ErrorNotice error={replay.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={replay.busy}>Send again</Button></div>
        <SameInTerminal line={commands.feedReplay(feed.id, from)} />
      </form>
    </Dialog>
  );
}

function NewFeed({ onClose }: { onClose: () => void }) {
  const [url, setUrl] = useState('');
  const [format, setFormat] = useState<Feed['format']>('tandem');
  const [customer, setCustomer] = useState('');
  const [from, setFrom] = useState('');
  const [made, setMade] = useState<{ readonly feed: Feed; readonly secret: string }>();
  const create = useAction(() => api.post('/api/feeds', { body: { url: url.trim(), format, ...(customer.trim() === '' ? {} : { customer: customer.trim() }), ...(from === '' ? {} : { from: `${from}T00:00:00.000Z` }) } }), ['feeds', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param === param ? `${create.error.message} ${create.error.next}` : undefined);
  if (made) {
    return (
      <Dialog title={`Usage goes to ${new URL(made.feed.url).host}`} onClose={onClose}>
        <div className="form">
          <Secret title="Its signing secret" secret={made.secret} sealed />
          <p className="small">Messages are signed by it as the Standard Webhooks specification has it.</p>
          <div className="row end"><Button kind="primary" onClick={onClose}>Done</Button></div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Send usage to an address" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((done) => done && setMade(done));
      }}>
        <Field label="Address" hint="Private ranges are opened in the operator’s file only." error={wrong('url')}>{(field) => <input {...field} type="url" required autoFocus className="mono" placeholder="https://warehouse.example.com/tandem" spellCheck={false} value={url} onChange={(event) => setUrl(event.target.value)} />}</Field>
        <div className="pair">
          <Field label="Form">{(field) => <select {...field} value={format} onChange={(event) => setFormat(event.target.value === 'stripe' ? 'stripe' : 'tandem')}><option value="tandem">{FORMATS.tandem}</option><option value="stripe">{FORMATS.stripe}</option></select>}</Field>
          <Field label="Known there as" hint="Empty: your organisation’s id." error={wrong('customer')}>{(field) => <input {...field} className="mono" placeholder={format === 'stripe' ? 'cus_…' : ''} spellCheck={false} maxLength={100} value={customer} onChange={(event) => setCustomer(event.target.value)} />}</Field>
        </div>
        <Field label="Also what was recorded from" hint="Empty: from now on." error={wrong('from')}>{(field) => <input {...field} type="date" value={from} onChange={(event) => setFrom(event.target.value)} />}</Field>
        {create.error && ['url', 'customer', 'from'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Add the feed</Button></div>
        <SameInTerminal line={commands.feedAdd(url, { format, customer, from })} />
      </form>
    </Dialog>
  );
}
