import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { CircleX } from 'lucide-react';
import { useMemo } from 'react';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { bucketText, count, duration, exactTime, plural } from '../../lib/format.ts';
import { exactMoney, shortMoney, unitPriceText, widestFraction } from '../../lib/money.ts';
import { ColumnMoney, Money } from '../../ui/amount.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone, FactBones, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { Waterfall } from '../../ui/waterfall.tsx';
import type { WaterfallBar } from '../../ui/waterfall.tsx';
import { outcomeOf } from './outcome.ts';

type Detail = ReplyOf<'/api/requests/{id}', 'get'>;

/** Where did one call spend its time, and what did it cost? */
export function RequestPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.request(id));
  const lead = query.data ? requestLead(query.data) : query.error ? 'The call could not be read.' : 'Reading the call…';
  return (
    <Page title="Call" up={{ to: '/models/requests', title: 'Requests' }} lead={lead} busy={!query.data && !query.error} actions={<CopyButton text={id} label="the id">Copy the id</CopyButton>}>
      <Show query={query} bones={<><FactBones /><div className="section"><Bone width={180} height={14} /><TableBones rows={4} columns={3} /></div></>}>
        {(call) => (
          <>
            {call.error === null ? null : <Failure error={call.error} isLead={call.totalMs === null && call.error.message !== null} />}
            {call.totalMs === null ? null : <Figures call={call} />}
            {call.totalMs === null ? null : <Time call={call} totalMs={call.totalMs} />}
            <About call={call} />
            {call.lines.length === 0 ? null : <Lines call={call} />}
            <SameInTerminal line={commands.request(call.id)} />
          </>
        )}
      </Show>
    </Page>
  );
}

function requestLead(call: Detail): string {
  if (call.totalMs === null) return call.error?.message ?? `${outcomeOf(call.outcome).sentence}${call.error === null ? '' : `: ${call.error.code}`}.`;
  const { sentence } = outcomeOf(call.outcome);
  return call.firstTokenMs === null ? `${sentence}, after ${duration(call.totalMs)}.` : `${sentence} after ${duration(call.totalMs)}, ${duration(call.firstTokenMs)} of it until the first token.`;
}

/** What a refusal of a budget counts in picodollars. */
const AMOUNTS = new Set(['amount', 'spent', 'left', 'needed']);

function factsOf(facts: NonNullable<Detail['error']>['facts']): string {
  const { currency } = facts;
  return Object.entries(facts).filter(([, value]) => typeof value === 'string' || typeof value === 'number').slice(0, 8)
    .map(([name, value]) => ` · ${name} ${typeof currency === 'string' && AMOUNTS.has(name) && /^-?\d+$/.test(String(value)) ? exactMoney(String(value), currency) : String(value)}`).join('');
}

/** `isLead`: the page's first line says the message already. */
function Failure({ error, isLead }: { error: NonNullable<Detail['error']>; isLead: boolean }) {
  return (
    <div className="notice bad call-error">
      <CircleX size={16} aria-hidden />
      <div>
        {isLead ? null : <p className="notice-title">{error.message ?? `It was answered with ${error.code}.`}</p>}
        {error.next === null ? null : <p>{error.next}</p>}
        {error.message === null && error.param !== null ? <p>The field was <code>{error.param}</code>. What was sent is kept nowhere, so the message, which may repeat it, is not either.</p> : null}
        <p className="small muted mono">{error.code} · HTTP {error.status}{factsOf(error.facts)}</p>
      </div>
    </div>
  );
}

function Figures({ call }: { call: Detail }) {
  const { currency } = call;
  const answered = BigInt(call.quantities['output'] ?? 0) + BigInt(call.quantities['reasoning'] ?? 0);
  const rate = call.totalMs !== null && call.firstTokenMs !== null && call.totalMs - call.firstTokenMs >= 1 && answered > 1n ? ((Number(answered) - 1) * 1000) / (call.totalMs - call.firstTokenMs) : null;
  const money = (pico: string | null) => (pico === null || currency === null ? 'unknown' : <Money pico={pico} currency={currency} />);
  return (
    <div className="figures">
      <Figure label="First token" value={call.firstTokenMs === null ? '–' : duration(call.firstTokenMs)} note={rate === null ? 'no rate: too few tokens' : `then ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} tokens a second`} />
      <Figure label="Charged" value={money(call.charge)} note={call.counted === null ? '' : `counted by the ${call.counted}`} />
      {call.cost === undefined || call.margin === undefined ? null : (
        <>
          <Figure label="Our cost" value={money(call.cost)} note={call.cost === null ? 'no cost price for a try' : plural(call.attempts.length, 'try', 'tries')} />
          <Figure label="Margin" value={money(call.margin)} note={call.margin === null ? 'unknown is not zero' : BigInt(call.margin) < 0n ? 'it cost more than it brought' : 'charge less cost'} />
        </>
      )}
    </div>
  );
}

function Figure({ label, value, note }: { label: string; value: React.ReactNode; note: string }) {
  return <div className="figure"><span className="figure-label">{label}</span><span className="figure-value">{value}</span><span className="figure-note">{note}</span></div>;
}

const STAGES = { queue: 'Queue', connect: 'Connect', first_token: 'First token', stream: 'Stream', settle: 'Settle' } as const;

function Time({ call, totalMs }: { call: Detail; totalMs: number }) {
  const settle = call.stages.find(({ stage }) => stage === 'settle');
  const bars: WaterfallBar[] = call.stages.filter(({ stage }) => stage !== 'settle').map((stage) => ({ id: stage.stage, label: STAGES[stage.stage], kind: stage.stage, startMs: stage.startMs, ms: stage.ms, reason: stage.reason }));
  const tries: WaterfallBar[] = call.attempts.length < 2 ? [] : call.attempts.map((one) => ({
    id: `try ${one.number}`, label: `Try ${one.number}`, kind: one.served ? 'try served' : 'try lost', startMs: one.startMs, ms: one.ms,
    reason: `${one.backendName ?? 'a backend'}${one.backendKey === null ? '' : ` (${one.backendKey})`}: ${one.reason}`,
    inner: one.stages.map((stage) => ({ kind: stage.stage, startMs: stage.startMs, ms: stage.ms, title: `${STAGES[stage.stage]}: ${duration(stage.ms)}` })),
  }));
  return (
    <Section title="Where did the time go?" note={call.route === null ? undefined : <>Route: {call.route.why}.</>}>
      <Waterfall label="Waterfall of the call" totalMs={totalMs} bars={bars} />
      {tries.length === 0 ? null : <><h3 className="sub-head">Which backends were tried?</h3><Waterfall label="Waterfall of its tries" totalMs={totalMs} bars={tries} /></>}
      {settle === undefined ? null : <p className="small muted table-note">Settle: its usage was in the log before the reply ended, and {duration(settle.ms)} later in the books.</p>}
    </Section>
  );
}

function About({ call }: { call: Detail }) {
  return (
    <Section title="What was it?">
      <Facts items={[
        ['Outcome', <State key="outcome" tone={outcomeOf(call.outcome).tone}>{outcomeOf(call.outcome).word}</State>],
        ['Time', <time key="at" dateTime={call.at}>{exactTime(call.at)}</time>],
        ['Model', <span key="model" className="mono">{call.model ?? 'not known'}</span>],
        ['Backend', call.backendName === null ? 'none' : `${call.backendName}${call.attempts.at(-1)?.backendModel ? `, as ${call.attempts.at(-1)?.backendModel}` : ''}`],
        ...(call.machine ? [['Machines', machineText(call.machine)] as const] : []),
        ['Key', call.keyId === null ? 'no key' : <Link key="key" to={`/keys/${call.keyId}`}>{call.keyName ?? call.keyId}</Link>],
        ['Project', call.projectName ?? 'not known'],
        ['API', `${call.dialect ?? 'not known'}${call.streamed === null ? '' : call.streamed ? ', streamed' : ', in one piece'}`],
        ['Tier', call.tier ?? 'none'],
        ...(call.user === null ? [] : [['User', call.user] as const]),
        ...(call.tags.length === 0 ? [] : [['Tags', call.tags.join(', ')] as const]),
        ...(call.scenario === null ? [] : [['Scenario', call.scenario] as const]),
        ...Object.entries(call.annotations).map(([name, value]) => [`Hook: ${name}`, value ?? <span key={name} className="muted">said, not kept: it is no label</span>] as const),
        ...(call.finishReason === null ? [] : [['Ended by', call.finishReason] as const]),
        ['Id', <code key="id">{call.id}</code>],
      ]} />
    </Section>
  );
}

/** Machines are paid as leases, so this is no part of the cost above. */
function machineText({ state, minutes, cost, currency }: NonNullable<Detail['machine']>): React.ReactNode {
  if (state === 'waiting') return 'not split yet: a minute is split over its tokens three minutes after its end';
  if (minutes === null || cost === null) return 'not known: the call was written down after the last minute of its machine was split';
  return <><Money pico={cost} currency={currency} /> for {minutes} minutes of them, without idle ones</>;
}

function Lines({ call }: { call: Detail }) {
  const currency = call.currency ?? 'USD';
  const decimals = useMemo(() => widestFraction(call.lines.map(({ amount }) => amount)), [call.lines]);
  const capped = call.lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n) !== BigInt(call.charge);
  return (
    <Section title="What was counted?" note={capped ? `The lines come to more than was held; ${shortMoney(call.charge, currency)} were charged.` : undefined}>
      <Table label="Tokens of the call" rows={call.lines} rowKey={({ bucket }) => bucket} columns={[
        { id: 'bucket', header: 'What', narrow: 'title', cell: ({ bucket, attempts }) => <>{bucketText(bucket)}{attempts === undefined ? null : <span className="muted"> ({attempts.map(({ attempt, quantity }) => `try ${attempt}: ${count(quantity)}`).join(', ')})</span>}</> },
        { id: 'quantity', header: 'Quantity', numeric: true, cell: ({ quantity }) => <span className="num">{count(quantity)}</span> },
        { id: 'price', header: 'Price', numeric: true, narrow: 'hidden', cell: (line) => <span className="num">{unitPriceText(line, currency)}</span> },
        { id: 'amount', header: 'Amount', unit: currency, numeric: true, narrow: 'side', cell: ({ amount }) => <span title={exactMoney(amount, currency)}><ColumnMoney pico={amount} decimals={decimals} currency={currency} /></span> },
      ]} />
    </Section>
  );
}
