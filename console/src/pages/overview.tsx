import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Suspense, lazy, useMemo } from 'react';
import type { ReplyOf } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { chatCurl, commands } from '../lib/commands.ts';
import { count, dayText, duration, monthText, plural } from '../lib/format.ts';
import { byNumber, byText } from '../lib/order.ts';
import { exactMoney, shortMoney, widestFraction } from '../lib/money.ts';
import { useProject } from '../lib/url.ts';
import { ColumnMoney, Money } from '../ui/amount.tsx';
import { ButtonLink } from '../ui/button.tsx';
import { Command } from '../ui/command.tsx';
import { Empty } from '../ui/notice.tsx';
import { Page, Section } from '../ui/page.tsx';
import { Show } from '../ui/query.tsx';
import { Bone, FactBones, TableBones } from '../ui/skeleton.tsx';
import { State } from '../ui/state.tsx';
import { Table } from '../ui/table.tsx';

// Asked for together with the figures, not after them; it is no part of what is loaded first.
const plot = import('../ui/plot.tsx');
const Plot = lazy(() => plot.then(({ DailyPlot }) => ({ default: DailyPlot })));
type Overview = ReplyOf<'/api/overview', 'get'>;

/** Is it working, and what does it cost: one sentence. */
export function overviewLead(data: Overview): string {
  const works = data.health.state === 'pass' ? 'Everything works.'
    : data.health.problems.length === 1 ? 'One thing needs you.' : `${data.health.problems.length} things need you.`;
  const month = monthText(data.month);
  if (data.requests === '0') return `${works} No request has come in ${month} yet.`;
  const forecast = data.forecast === null ? '' : `, on course for ${shortMoney(data.forecast, data.currency)}`;
  return `${works} ${month} has cost ${shortMoney(data.spend, data.currency)} so far${forecast}.`;
}

export function OverviewPage() {
  const query = useQuery(queries.overview);
  const lead = query.data ? overviewLead(query.data) : query.error ? 'The overview could not be read.' : 'Reading the month so far…';
  return (
    <Page title="Overview" lead={lead} busy={!query.data && !query.error}
      actions={query.data?.requests === '0' ? undefined : <ButtonLink to="/playground" kind="primary">Try a model</ButtonLink>}>
      <Show query={query} bones={<><FactBones tall /><div className="section"><Bone width={180} height={14} /><div className="plot-place waits" /></div><TableBones rows={3} columns={4} /></>}>
        {(data) => <Content data={data} />}
      </Show>
    </Page>
  );
}

function Content({ data }: { data: Overview }) {
  const { currency } = data;
  return (
    <>
      {data.health.problems.length === 0 ? null : (
        <Section title="What needs you">
          <ul className="problems">
            {data.health.problems.map((problem) => (
              <li key={problem.id}>
                <State tone={problem.state === 'fail' ? 'bad' : 'warn'}>{problem.state === 'fail' ? 'Failing' : 'Warning'}</State>
                <div><p><strong>{problem.title}.</strong> {problem.detail}</p>{problem.next === null ? null : <p className="muted">{problem.next}</p>}</div>
              </li>
            ))}
          </ul>
        </Section>
      )}
      <ProjectNote overview={data} />
      <div className="figures tall">
        <Figure label="Spend" value={<Money pico={data.spend} currency={currency} />} note={data.forecast === null ? monthText(data.month) : <>at this pace <Money pico={data.forecast} currency={currency} /> by the end of the month</>} />
        <Figure label="Requests" value={count(data.requests)} note={data.failed === '0' ? 'none failed' : <span className="warn-text">{count(data.failed)} failed, not charged</span>} />
        <Figure label="Tokens" value={count(BigInt(data.tokens.input) + BigInt(data.tokens.cacheRead) + BigInt(data.tokens.output))}
          note={`${count(data.tokens.input)} in, ${count(data.tokens.cacheRead)} cached, ${count(data.tokens.output)} out`} />
        <Figure label="First token, median" value={data.firstTokenMs.p50 === null ? '–' : duration(data.firstTokenMs.p50)}
          note={data.firstTokenMs.p95 === null ? 'no call in the last 24 hours' : `95 % within ${duration(data.firstTokenMs.p95)}, last 24 hours`} />
      </div>
      {data.requests === '0' ? <FirstCall /> : (
        <>
          <Section title={`What did each day of ${monthText(data.month)} cost?`} note={peak(data)}>
            <Suspense fallback={<div className="plot-place waits" />}><Plot month={data.month} daily={data.daily} currency={currency} /></Suspense>
          </Section>
          <ByModel data={data} />
        </>
      )}
    </>
  );
}

function Figure({ label, value, note }: { label: string; value: React.ReactNode; note: React.ReactNode }) {
  return <div className="figure"><span className="figure-label">{label}</span><span className="figure-value">{value}</span><span className="figure-note">{note}</span></div>;
}

function peak(data: Overview): string | undefined {
  const top = data.daily.reduce<Overview['daily'][number] | undefined>((best, day) => (best && BigInt(best.spend) >= BigInt(day.spend) ? best : day), undefined);
  return top ? `Most on ${dayText(top.day)}: ${exactMoney(top.spend, data.currency)}.` : undefined;
}

/** With a project chosen, its part of the figures, which are the organisation's. */
function ProjectNote({ overview }: { overview: Overview }) {
  const project = useProject();
  const bill = useQuery({ ...queries.bill(overview.month), enabled: project !== undefined }).data;
  const name = useQuery(queries.projects).data?.items.find(({ id }) => id === project)?.name;
  if (project === undefined || !bill || name === undefined) return null;
  const lines = bill.lines.filter(({ projectId }) => projectId === project);
  const spend = lines.reduce((sum, { charge }) => sum + BigInt(charge), 0n);
  const requests = lines.reduce((sum, line) => sum + BigInt(line.requests), 0n);
  return <p className="project-note">Of this, the project {name} made {plural(requests, 'request')} for <Money pico={spend} currency={bill.currency} />. <Link to="/money/bill">See its bill</Link></p>;
}

function ByModel({ data }: { data: Overview }) {
  const decimals = useMemo(() => widestFraction(data.models.map(({ spend }) => spend)), [data.models]);
  const total = BigInt(data.spend);
  return (
    <Section title="What cost it?" actions={<ButtonLink to="/money/bill" kind="quiet">See the bill</ButtonLink>}>
      <Table label="Spend by model" rows={data.models} rowKey={({ resource }) => resource} columns={[
        { id: 'model', compare: byText(({ resource }) => resource), header: 'Model or machine', narrow: 'title', cell: ({ resource }) => <span className="mono">{resource}</span> },
        { id: 'requests', compare: byNumber(({ requests }) => requests), header: 'Requests', numeric: true, width: '8rem', cell: ({ requests }) => (requests === '0' ? <span className="muted">–</span> : <span className="num">{count(requests)}<span className="narrow-only"> requests</span></span>) },
        { id: 'share', compare: byNumber(({ spend }) => spend), header: 'Share', unit: '%', numeric: true, width: '6rem', narrow: 'hidden', cell: ({ spend }) => <span className="num">{total === 0n ? '0.0' : share(BigInt(spend), total)}</span> },
        { id: 'spend', compare: byNumber(({ spend }) => spend), header: 'Charged', unit: data.currency, numeric: true, width: '14rem', narrow: 'side', cell: ({ spend }) => <ColumnMoney pico={spend} decimals={decimals} currency={data.currency} /> },
      ]} />
    </Section>
  );
}

/** Parts of a whole in per cent with one decimal, by integers. */
export function share(part: bigint, whole: bigint): string {
  const tenths = (part * 1000n + whole / 2n) / whole;
  return `${tenths / 10n}.${tenths % 10n}`;
}

function FirstCall() {
  return (
    <Empty title="The first request starts the bill" action={<ButtonLink to="/playground" kind="primary">Ask in the playground</ButtonLink>}>
      <p>Spend, requests and tokens of the month show here as they come. Ask the embedded model something:</p>
      <Command line={commands.chat('What is the capital of France?')} />
      <p>or from any program that speaks OpenAI’s API:</p>
      <Command line={chatCurl({ model: 'tandem/local', messages: [{ role: 'user', content: 'What is the capital of France?' }] })} />
    </Empty>
  );
}
