import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { byText } from '../../lib/order.ts';
import { useUrlState } from '../../lib/url.ts';
import { Ago, Money, When } from '../../ui/amount.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { FleetPage } from './frame.tsx';
import { ORDER_STATE, orderReason, ordersLead } from './order-words.ts';
import type { Order } from './order-words.ts';

/** Which machines are rented, what do they cost, and when do they go? */
export function OrdersPage() {
  const query = useQuery(queries.orders);
  const whyNot = useWhyNot('orders.write');
  const now = useNow();
  const orders = query.data?.items;
  const lead = orders ? ordersLead(orders, now) : query.error ? 'The orders could not be read.' : 'Reading the orders…';
  return (
    <FleetPage title="Orders" lead={lead} busy={!orders && !query.error} actions={orders?.length === 0 ? undefined : <ButtonLink to="/fleet/orders/new" kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot}>Order a machine</ButtonLink>}>
      <Show query={query} bones={<TableBones columns={6} />}>
        {({ items }) => (items.length === 0
          ? <Empty title="Nothing is ordered" command={commands.providers} action={<ButtonLink to="/fleet/orders/new" kind="primary" why={whyNot}>Order the first machine</ButtonLink>}><p>Whole machines are ordered at accounts that the operator's file names. A delivered machine becomes a node by itself, and goes before the next hour is charged.</p></Empty>
          : <Section title="What is ordered?" note="The provider's own terms: no machine goes sooner than is paid for, and none later than it has to."><List orders={items} /><SameInTerminal line={commands.orders} /></Section>)}
      </Show>
      <Orphans />
    </FleetPage>
  );
}

function List({ orders }: { orders: readonly Order[] }) {
  const [{ sort = '' }, set] = useUrlState();
  return (
    <Table label="Orders" rows={orders} rowKey={({ id }) => id} rowTo={({ id }) => `/fleet/orders/${id}`} sort={sort} onSort={(next) => set({ sort: next })} columns={[
      { id: 'offer', header: 'Machine', narrow: 'title', width: '11rem', compare: byText(({ offer }) => offer), cell: ({ offer }) => offer },
      { id: 'provider', header: 'At', narrow: 'sub', width: '10rem', compare: byText(({ provider }) => provider), cell: ({ provider }) => provider },
      { id: 'state', header: 'State', narrow: 'side', width: '9rem', compare: byText(({ state }) => state), cell: (order) => <State tone={order.arrival?.state === 'person' ? 'bad' : ORDER_STATE[order.state].tone}>{order.arrival?.state === 'person' ? 'Needs somebody' : ORDER_STATE[order.state].word}</State> },
      { id: 'why', header: 'Because', narrow: 'hidden', width: '30%', cell: (order) => <span className="clip">{orderReason(order) ?? <span className="muted">–</span>}</span> },
      { id: 'cost', header: 'Charged so far', numeric: true, narrow: 'sub', width: '9rem', cell: ({ cost }) => <Money pico={cost.soFar} currency={cost.currency} /> },
      { id: 'goes', header: 'Goes', numeric: true, narrow: 'hidden', width: '9rem', compare: byText(({ releaseAt }) => releaseAt ?? ''), cell: ({ releaseAt, goneAt }) => (goneAt === null ? (releaseAt === null ? <span className="muted">not yet</span> : <When at={releaseAt} />) : <Ago at={goneAt} />) },
    ]} />
  );
}

/** Machines that an account is billed for and that nobody ordered here: money that goes unseen. */
function Orphans() {
  const orphans = useQuery(queries.orphans).data?.items ?? [];
  if (orphans.length === 0) return null;
  return (
    <Section title="What is billed without an order?" note="Never deleted by itself: somebody may use it. Adopt it, or remove it in the provider's own console.">
      <Table label="Billed without an order" rows={orphans} rowKey={({ provider, machineId }) => `${provider} ${machineId}`} columns={[
        { id: 'name', header: 'Name', narrow: 'title', cell: ({ name }) => <bdi>{name}</bdi> },
        { id: 'provider', header: 'At', narrow: 'sub', width: '10rem', cell: ({ provider }) => provider },
        { id: 'offer', header: 'Machine', narrow: 'sub', width: '11rem', cell: ({ offer }) => <bdi>{offer}</bdi> },
        { id: 'cost', header: 'An hour', numeric: true, narrow: 'side', width: '8rem', cell: ({ perHour, currency }) => (perHour === null || currency === null ? <span className="muted">unknown</span> : <Money pico={perHour} currency={currency} />) },
        { id: 'seen', header: 'Seen since', numeric: true, narrow: 'hidden', width: '9rem', cell: ({ firstSeenAt }) => <Ago at={firstSeenAt} /> },
      ]} />
      <SameInTerminal line={commands.orderAdopt(orphans[0]?.provider ?? '', orphans[0]?.machineId ?? '')} />
    </Section>
  );
}
