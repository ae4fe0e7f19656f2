import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { parseMoney, shortMoney } from '../../lib/money.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts, Page } from '../../ui/page.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { announce } from '../../ui/toasts.tsx';

type Offer = ReplyOf<'/api/providers/{name}', 'get'>['offers'][number];

/** What is wanted, what it costs at least and at most, and only then the button. */
export function NewOrderPage() {
  const whyNot = useWhyNot('orders.write');
  const navigate = useNavigate();
  const accounts = useQuery(queries.providers);
  const providers = accounts.data?.items ?? [];
  const [fields, setFields] = useState({ provider: '', offer: '', count: '1', atMost: '', pool: 'default' });
  // The same wish pressed twice is one order: a key of its own goes with it until it is changed.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const provider = fields.provider === '' ? providers[0]?.name : fields.provider;
  const checked = useQuery({ ...queries.provider(provider ?? ''), enabled: provider !== undefined });
  const offers = checked.data?.offers ?? [];
  const offer = offers.find(({ name }) => name === fields.offer) ?? offers.find(({ perHour }) => perHour !== null) ?? offers[0];
  const count = /^\d{1,2}$/.test(fields.count.trim()) ? Number(fields.count) : 0;
  const ceiling = fields.atMost.trim() === '' ? undefined : parseMoney(fields.atMost);
  const change = (next: Partial<typeof fields>): void => {
    setFields((before) => ({ ...before, ...next }));
    setKey(crypto.randomUUID());
  };
  const fault = offer === undefined ? 'There is nothing to order yet.' : offer.perHour === null ? 'Its price is not known, so nothing is ordered at it.' : count < 1 || count > 64 ? 'Write a number of machines from 1 to 64.' : ceiling === undefined ? 'Write what it may cost at most.' : undefined;
  const order = useAction(async () => {
    if (provider === undefined || offer === undefined || ceiling === undefined) return undefined;
    const body = { provider, offer: offer.name, ceiling: ceiling.toString(), key, pool: fields.pool.trim() === '' ? null : fields.pool.trim() };
    return count === 1 ? [await api.post('/api/orders', { body })] : (await api.post('/api/orders/several', { body: { ...body, count } })).items;
  }, ['orders', 'events']);
  return (
    <Page title="Order a machine" up={{ to: '/fleet/orders', title: 'Orders' }} lead="Choose a machine: what it costs stands below before anything is ordered.">
      <form className="form sheet" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined && fault === undefined) void order.run().then((made) => {
          if (made === undefined) return;
          announce(made.length === 1 ? `${made[0]!.offer} is ordered` : `${made.length} machines are ordered`);
          void navigate({ to: made.length === 1 ? `/fleet/orders/${made[0]!.id}` : '/fleet/orders' });
        });
      }}>
        <Field label="Account" hint={accounts.data?.items.length === 0 ? 'There are none: the operator names them in the file, under providers.' : undefined}>{(field) => <select {...field} value={provider ?? ''} onChange={(event) => change({ provider: event.target.value, offer: '' })}>{providers.map(({ name, kind }) => <option key={name} value={name}>{name} ({kind})</option>)}</select>}</Field>
        {accounts.error ? <ErrorNotice error={asApiError(accounts.error)} onRetry={() => void accounts.refetch()} /> : null}
        {checked.error ? <ErrorNotice error={asApiError(checked.error)} onRetry={() => void checked.refetch()} /> : null}
        <Field label="Machine">{(field) => <select {...field} value={offer?.name ?? ''} onChange={(event) => change({ offer: event.target.value })}>{offers.map((one) => <option key={one.name} value={one.name}>{one.name}, {one.about}</option>)}</select>}</Field>
        <div className="pair">
          <Field label="Machines">{(field) => <input {...field} inputMode="numeric" maxLength={2} value={fields.count} onChange={(event) => change({ count: event.target.value })} />}</Field>
          <Field label={`At most, ${offer?.perHour?.currency ?? 'of its currency'}`} hint="All together, at the provider. They go before they would cost more." error={fields.atMost.trim() !== '' && ceiling === undefined ? `“${fields.atMost}” is not an amount, such as 25 or 12.50.` : undefined}>{(field) => <input {...field} inputMode="decimal" className="num" value={fields.atMost} onChange={(event) => change({ atMost: event.target.value })} />}</Field>
        </div>
        <Field label="Pool" hint="They become nodes of it by themselves. Empty: you enter them yourself.">{(field) => <input {...field} maxLength={63} value={fields.pool} onChange={(event) => change({ pool: event.target.value })} />}</Field>
        {offer === undefined ? (accounts.isPending || (checked.isPending && provider !== undefined) ? <Bone width={220} /> : null) : <Price offer={offer} count={count} />}
        {order.error ? <ErrorNotice error={order.error} /> : null}
        <div className="row"><Button kind="primary" type="submit" busy={order.busy} why={whyNot ?? fault}>Order {count > 1 ? 'them' : 'it'}</Button><ButtonLink to="/fleet/orders" kind="quiet">Back to the orders</ButtonLink></div>
        <SameInTerminal line={commands.orderCreate(provider ?? '', offer?.name ?? '', fields.atMost, fields.pool)} />
      </form>
    </Page>
  );
}

function Price({ offer, count }: { offer: Offer; count: number }) {
  const { perHour, minimumHours, available } = offer;
  const times = BigInt(Math.max(1, count));
  const least = perHour === null ? undefined : (BigInt(perHour.amount) * BigInt(Math.round(minimumHours * 60)) / 60n) * times;
  return (
    <div className="plan">
      <Facts items={[
        ['An hour', perHour === null ? 'not known' : shortMoney(BigInt(perHour.amount) * times, perHour.currency)],
        ['At least', perHour === null || least === undefined ? 'not known' : `${shortMoney(least, perHour.currency)}${minimumHours === 0 ? '' : `, for ${minimumHours} hours`}`],
        ['There now', available === null ? 'The provider does not say' : available ? 'Yes' : 'No: it is ordered again until it is'],
      ]} />
    </div>
  );
}
