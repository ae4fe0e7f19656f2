import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { useDeferredValue } from 'react';
import { api, asApiError } from '../../api/client.ts';
import { useNow } from '../../lib/clock.ts';
import { plural, relativeTime } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import type { Wish } from './wish.ts';

type Quote = Awaited<ReturnType<typeof ask>>;

const ask = (wish: Wish, signal: AbortSignal) => api.post('/api/leases/quote', { body: wish, signal });

/** What the page shows of this very wish; undefined: nothing yet. */
export function planOf(cache: QueryClient, wish: Wish): Quote | undefined {
  return cache.getQueryData<Quote>(['quote', wish]);
}

/** The priced plan: what it would be, what it would cost, and whether it would wait. The same sum as is billed afterwards. */
export function Plan({ wish, allowed }: { wish: Wish; allowed: boolean }) {
  const asked = useDeferredValue(wish);
  const now = useNow();
  // Every key pressed changes the question; only the last one that stands is worth an answer.
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['quote', asked], enabled: allowed, placeholderData: keepPreviousData, retry: false,
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      return ask(asked, signal);
    },
  });
  if (!allowed) return null;
  if (error) return <ErrorNotice error={asApiError(error)} />;
  if (data === undefined) return <div className="plan" aria-busy="true"><Bone width={220} height={20} /></div>;
  const { currency } = data;
  const length = data.minutes === null ? 'for the first hour, and goes on until you end it' : data.minutes % 60 === 0 ? `for ${plural(data.minutes / 60, 'hour')}` : `for ${plural(data.minutes, 'minute')}`;
  const most = wish.atMost === null || wish.atMost === undefined ? undefined : shortMoney(wish.atMost, currency);
  return (
    <div className="plan" role="status" aria-label="The plan" aria-busy={isPlaceholderData || undefined}>
      <p className="plan-price"><strong className="num">{shortMoney(data.cost, currency)}</strong> {length}.</p>
      <Facts items={[
        ['What', `${data.count === 1 ? '' : `${data.count} × `}${data.resource}, in ${data.pool}`],
        ['Price', `${shortMoney(data.perHour, currency)} an hour, ${shortMoney(data.perDay, currency)} a day`],
        ...(most === undefined ? [] : [['Never more than', most] as const]),
        ...(data.leastDay ? [['At least', 'a day is paid, as the terms of Macs want it'] as const] : []),
        ['Begins', data.wait === null ? 'at once' : `${data.wait.forecastAt === null ? 'later, nothing says when' : `about ${relativeTime(data.wait.forecastAt, now)}`}: ${data.wait.reason}`],
      ]} />
    </div>
  );
}
