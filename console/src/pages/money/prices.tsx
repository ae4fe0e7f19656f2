import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { count, exactTime, plural, shortTime } from '../../lib/format.ts';
import { byNumber } from '../../lib/order.ts';
import { exactMoney } from '../../lib/money.ts';
import { useUrlState } from '../../lib/url.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { FilterBones, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Choice } from '../../ui/tabs.tsx';
import { MoneyPage } from './frame.tsx';
import { NewPrice } from './new-price.tsx';

type Price = Schemas['Price'];

export function PricesPage() {
  const query = useQuery(queries.prices);
  const whyNot = useWhyNot('prices.write');
  const [open, setOpen] = useState(false);
  const rows = query.data?.items;
  const now = useNow();
  const lead = rows ? pricesLead(rows, now) : query.error ? 'The prices could not be read.' : 'Reading the prices…';
  return (
    <MoneyPage title="Prices" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen(true)}>Add a price</Button>}>
      <Show query={query} bones={<><FilterBones /><TableBones columns={6} /></>}>
        {({ items }) => (items.length === 0
          ? <Empty title="No model has a price yet" command={commands.priceSet('', { input: '1.25', output: '4.25', tier: 'standard', source: 'our own rate' })} action={<Button kind="primary" why={whyNot} onClick={() => setOpen(true)}>Add the first price</Button>}><p>A model without a price refuses calls: an unknown price is never zero.</p></Empty>
          : <List rows={items} />)}
      </Show>
      {open ? <NewPrice known={rows ?? []} onClose={() => setOpen(false)} /> : null}
    </MoneyPage>
  );
}

/** A version is in force from its start until the next one's. */
function standing(price: Price, now: number): 'now' | 'later' | 'past' {
  if (Date.parse(price.effectiveFrom) > now) return 'later';
  return price.effectiveTo !== null && Date.parse(price.effectiveTo) <= now ? 'past' : 'now';
}

function pricesLead(rows: readonly Price[], now: number): string {
  const current = rows.filter((price) => price.side === 'sell' && standing(price, now) === 'now');
  if (current.length === 0) return 'No model has a price in force, so every call is refused.';
  const models = new Set(current.filter((price) => timesOf(price) === '').map(({ resource }) => resource)).size;
  const later = rows.filter((price) => standing(price, now) === 'later').length;
  return `${plural(models, 'model')} ${models === 1 ? 'has' : 'have'} a price in force${later === 0 ? '' : `; ${plural(later, 'change')} ${later === 1 ? 'is' : 'are'} to come`}.`;
}

const WORDS = { now: ['good', 'In force'], later: ['wait', 'To come'], past: ['idle', 'Replaced'] } as const;
const MILLION = 1_000_000n;

/** For sorting: the price of a million, to the picodollar. */
function perMillion(price: Price, bucket: keyof Price['buckets']): bigint | undefined {
  const unit = price.buckets[bucket];
  return unit && (BigInt(unit.price) * MILLION) / BigInt(unit.per);
}

/** Prices of tokens per million, other prices per their own unit. */
function Unit({ price, bucket }: { price: Price; bucket: keyof Price['buckets'] }) {
  const unit = price.buckets[bucket];
  if (!unit) return <span className="muted">–</span>;
  const whole = (BigInt(unit.price) * MILLION) % BigInt(unit.per) === 0n ? perMillion(price, bucket) : undefined;
  return <span className="num">{whole === undefined ? `${exactMoney(unit.price, price.currency)} / ${count(unit.per)}` : exactMoney(whole, price.currency)}</span>;
}

/** What machines, volumes and people are priced by, in the words of the CLI. */
const TIMES: readonly (readonly [bucket: keyof Price['buckets'], per: string, words: string])[] = [
  ['minute', '60', 'an hour'], ['minute', '1', 'a minute'], ['hour', '720', 'a GiB a month'], ['hour', '1', 'an hour'], ['day', '1', 'a day'], ['week', '1', 'a week'], ['month', '1', 'a month'],
];

function timesOf(price: Price): string {
  return TIMES.flatMap(([bucket, per, words]) => {
    const unit = price.buckets[bucket];
    return unit?.per === per ? [`${exactMoney(unit.price, price.currency)} ${words}`] : [];
  }).join(', ');
}

function List({ rows }: { rows: readonly Price[] }) {
  const [{ q = '', view = 'now', sort = 'resource' }, set] = useUrlState();
  const now = useNow();
  const shown = useMemo(() => rows.filter((price) => `${price.resource} ${price.tier} ${price.source}`.toLowerCase().includes(q.toLowerCase()) && (view === 'all' || standing(price, now) !== 'past')), [rows, q, view, now]);
  const columns = useMemo((): Column<Price>[] => [
    { id: 'resource', header: 'Model or machine', narrow: 'title', compare: (a, b) => a.resource.localeCompare(b.resource) || a.tier.localeCompare(b.tier) || b.effectiveFrom.localeCompare(a.effectiveFrom), cell: ({ resource, tier, side }) => <><span className="mono">{resource}</span><span className="muted beside">{side === 'cost' ? 'our cost' : tier}</span></> },
    { id: 'state', header: 'State', narrow: 'side', width: '7.5rem', compare: (a, b) => standing(a, now).localeCompare(standing(b, now)), cell: (price) => <State tone={WORDS[standing(price, now)][0]}>{WORDS[standing(price, now)][1]}</State> },
    { id: 'input', compare: byNumber((price) => perMillion(price, 'input')), header: 'Input', unit: 'per million', numeric: true, narrow: 'sub', cell: (price) => timesOf(price) === '' ? <><span className="narrow-only muted">in </span><Unit price={price} bucket="input" /></> : <><span className="narrow-only num">{timesOf(price)}</span><span className="muted wide-only">–</span></> },
    { id: 'cached', compare: byNumber((price) => perMillion(price, 'cache_read')), header: 'Cached', unit: 'per million', numeric: true, narrow: 'hidden', cell: (price) => <Unit price={price} bucket="cache_read" /> },
    { id: 'output', compare: byNumber((price) => perMillion(price, 'output')), header: 'Output', unit: 'per million', numeric: true, narrow: 'sub', cell: (price) => timesOf(price) === '' ? <><span className="narrow-only muted">out </span><Unit price={price} bucket="output" /></> : <span className="muted wide-only">–</span> },
    ...(rows.some((price) => timesOf(price) !== '') ? [{ id: 'time', header: 'By time', numeric: true, narrow: 'hidden', cell: (price: Price) => (timesOf(price) === '' ? <span className="muted">–</span> : <span className="num">{timesOf(price)}</span>) } satisfies Column<Price>] : []),
    { id: 'from', header: 'From', numeric: true, narrow: 'hidden', width: '10.5rem', compare: (a, b) => a.effectiveFrom.localeCompare(b.effectiveFrom), cell: ({ effectiveFrom, effectiveTo }) => <time dateTime={effectiveFrom} title={`${exactTime(effectiveFrom)}${effectiveTo === null ? '' : ` until ${exactTime(effectiveTo)}`}`}>{shortTime(effectiveFrom)}</time> },
    { id: 'source', header: 'Source', narrow: 'hidden', width: '16%', compare: (a, b) => a.source.localeCompare(b.source), cell: ({ source, createdBy }) => <span className="clip" title={`${source}, added by ${createdBy}`}>{source}</span> },
  ], [now, rows]);
  return (
    <>
      <div className="filters">
        <Filter label="Filter prices" value={q} onChange={(value) => set({ q: value })} />
        <Choice label="Versions" value={view === 'all' ? 'all' : 'now'} options={[['now', 'In force and to come'], ['all', 'Every version']]} onChange={(value) => set({ view: value === 'now' ? '' : value })} />
      </div>
      {shown.length === 0 ? <p className="none muted">No price fits the filter.</p> : <Table label="Prices" columns={columns} rows={shown} rowKey={({ id }) => id} sort={sort} onSort={(next) => set({ sort: next })} />}
      <p className="small muted table-note">Quantity times price is rounded once per line, half to even, to a whole picodollar (a millionth of a millionth). A version is never changed and never starts in the past; a call is rated by the time at which it was let in.</p>
      <SameInTerminal line={commands.prices} />
    </>
  );
}
