import { Link } from '@tanstack/react-router';
import type { ReplyOf } from '../../api/client.ts';
import { Money } from '../../ui/amount.tsx';
import { Facts, Section } from '../../ui/page.tsx';

type RentedNode = NonNullable<ReplyOf<'/api/nodes/{id}', 'get'>['rented']>;

/** What a rented node costs at its provider, beside what its leases were charged. */
export function Rented({ rented }: { rented: RentedNode | null | undefined }) {
  if (rented === null || rented === undefined) return null;
  const { orderId, provider, offer, currency, perHour, soFar, charged } = rented;
  return (
    <Section title="What does it cost, and earn?" note="The provider's price of the whole machine, idle time included, beside what its leases were charged.">
      <Facts items={[
        ['Rented', <Link key="order" to={`/fleet/orders/${orderId}`}>{offer} at {provider}</Link>], ['An hour', <Money key="hour" pico={perHour} currency={currency} />],
        ['Charged by the provider', <Money key="cost" pico={soFar} currency={currency} />], ['Charged to leases', <Money key="charged" pico={charged} currency={currency} />], ['Margin', <Money key="margin" pico={BigInt(charged) - BigInt(soFar)} currency={currency} />],
      ]} />
    </Section>
  );
}
