import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { Ago, Money, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { ORDER_STATE, STEP_STATE, STEP_WORD, orderReason } from './order-words.ts';
import type { Order } from './order-words.ts';

/** What of this machine is done, what does it cost, and when does it go? */
export function OrderPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.order(id));
  const [open, setOpen] = useState<'release' | 'reinstall'>();
  const whyNot = useWhyNot('orders.write');
  const order = query.data;
  const over = whyNot ?? (order === undefined ? 'The order is not read yet.' : ['leaving', 'gone'].includes(order.state) ? 'The machine is given back.' : undefined);
  const notReady = over ?? (order?.state === 'ready' ? undefined : 'Only a delivered machine can be reinstalled.');
  const lead = order ? `${order.offer} at ${order.provider}: ${ORDER_STATE[order.state].word.toLowerCase()}${orderReason(order) === undefined ? '' : `, ${orderReason(order)}`}.` : query.error ? 'The order could not be read.' : 'Reading the order…';
  const act = (what: 'release' | 'reinstall', title: string, why: string | undefined, kind: 'plain' | 'danger') => <Button kind={kind} aria-disabled={why !== undefined || undefined} title={why} onClick={() => why ?? setOpen(what)}>{title}</Button>;
  return (
    <Page title={order?.offer ?? 'Order'} up={{ to: '/fleet/orders', title: 'Orders' }} lead={lead} busy={!order && !query.error} actions={<>{act('reinstall', 'Reinstall', notReady, 'plain')}{act('release', 'Give back', over, 'danger')}</>}>
      <Show query={query} bones={<div className="facts">{Array.from({ length: 8 }, (_, index) => <div key={index}><Bone width={90} /><Bone width={180} /></div>)}</div>}>
        {(shown) => (
          <>
            {over === undefined ? null : <p className="muted small why-line">{over}</p>}
            <OrderFacts order={shown} />
            {shown.arrival === null ? null : <Arrival arrival={shown.arrival} />}
            <SameInTerminal line={commands.orderShow(shown.id)} />
            {open === 'release' ? <ReleaseDialog order={shown} onClose={() => setOpen(undefined)} /> : null}
            {open === 'reinstall' ? <ReinstallDialog order={shown} onClose={() => setOpen(undefined)} /> : null}
          </>
        )}
      </Show>
    </Page>
  );
}

function OrderFacts({ order }: { order: Order }) {
  const { tone, word } = ORDER_STATE[order.state];
  const { cost, arrival } = order;
  const at = (time: string | null, none: string) => (time === null ? none : <When at={time} />);
  return (
    <Facts items={[
      ['State', <span key="state"><State tone={tone}>{word}</State>{order.reason === null ? null : <span className="muted beside"> <bdi>{order.reason}</bdi></span>}</span>],
      ...(order.next === null ? [] : [['What to do', order.next] as const]),
      ...(order.estimateAt === null ? [] : [['Expected', <When key="expected" at={order.estimateAt} />] as const]),
      ['Charged so far', <Money key="cost" pico={cost.soFar} currency={cost.currency} />], ['An hour', <Money key="hour" pico={cost.perHour} currency={cost.currency} />], ['At most', <Money key="most" pico={cost.ceiling} currency={cost.currency} />],
      ['Paid until', at(order.paidUntil, 'nothing is paid yet')], ['Goes', order.goneAt === null ? at(order.releaseAt, 'when somebody gives it back, or before its ceiling') : <Ago key="gone" at={order.goneAt} />],
      ['Node', arrival === null ? 'Entered by hand' : arrival.nodeId === null ? 'Not yet' : <Link key="node" to={`/fleet/nodes/${arrival.nodeId}`}>in the pool {arrival.pool}</Link>],
      ['Ordered', <span key="ordered">by {order.orderedBy}, <When at={order.createdAt} /></span>],
    ]} />
  );
}

/** The way from a delivered machine to a node, step by step. */
function Arrival({ arrival }: { arrival: NonNullable<Order['arrival']> }) {
  const { steps, hostKey, hostKeyFrom, by } = arrival;
  const note = hostKey === null ? 'It begins when the machine is delivered.' : hostKeyFrom === 'first-use' ? 'The provider reports no host key: the one that answered first is believed since.' : 'Its host key is the one that the provider reports.';
  return (
    <Section title="How does it become a node?" note={note}>
      {steps.length === 0 ? <p className="muted">Nothing was tried yet.</p> : (
        <Table label="Steps" rows={steps} rowKey={({ step }) => step} columns={[
          { id: 'step', header: 'Step', narrow: 'title', width: '13rem', cell: ({ step }) => STEP_WORD[step] },
          { id: 'state', header: 'State', narrow: 'side', width: '10rem', cell: ({ state }) => <State tone={STEP_STATE[state].tone}>{STEP_STATE[state].word}</State> },
          { id: 'tries', header: 'Tries', numeric: true, narrow: 'hidden', width: '5rem', cell: ({ attempts }) => attempts },
          { id: 'reason', header: 'In words', narrow: 'sub', cell: ({ reason, next }) => <span className="rest-of-row" title={reason ?? undefined}><bdi>{[reason, next].filter((part) => part !== null).join('. ') || '–'}</bdi></span> },
        ]} />
      )}
      {steps.map(({ step, next }) => (next === null ? null : <p key={step} className="table-note">{next}</p>))}
      {hostKey === null ? null : <p className="small muted table-note">Host key <code className="clip">{hostKey}</code></p>}
      {by === null ? null : <p className="small table-note">It is to be a node again by <When at={by} />.</p>}
    </Section>
  );
}

function ReleaseDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <ConfirmDialog title={`Give ${order.offer} back?`} action="Give it back" command={commands.orderRelease(order.id)} onClose={onClose} onConfirm={async () => {
      await api.post('/api/orders/{id}/release', { path: { id: order.id }, body: {} });
      await client.invalidateQueries({ queryKey: ['orders'] });
      announce(`${order.offer} is given back`);
    }}>
      <p>Its node takes nothing new, its leases are told and end, and it goes when what is paid for is used: not sooner, and before the next period is charged.</p>
    </ConfirmDialog>
  );
}

function ReinstallDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <ConfirmDialog title={`Delete all that is on ${order.offer}?`} action="Reinstall it" command={commands.orderReinstall(order.id)} onClose={onClose} onConfirm={async () => {
      await api.post('/api/orders/{id}/reinstall', { path: { id: order.id } });
      await client.invalidateQueries({ queryKey: ['orders'] });
      announce(`${order.offer} is reinstalled`);
    }}>
      <p>Leases on it have 15 minutes to end. Then the provider deletes all that is on it, and it becomes a node again with a new identity{order.reinstalls === 0 ? '' : `, as ${plural(order.reinstalls, 'time')} before`}.</p>
    </ConfirmDialog>
  );
}
