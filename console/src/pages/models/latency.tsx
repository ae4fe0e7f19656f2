import { useQuery } from '@tanstack/react-query';
import { Suspense, lazy, useCallback, useMemo, useState } from 'react';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { rangeOptions, useRange } from '../../lib/range.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { FilterSelect } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { RangeSelect } from '../../ui/range-select.tsx';
import { Bone, TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Choice } from '../../ui/tabs.tsx';
import { ModelPage } from './frame.tsx';

const Plot = lazy(() => import('../../ui/time-plot.tsx').then(({ TimePlot }) => ({ default: TimePlot })));

type Latency = ReplyOf<'/api/latency', 'get'>;
type Series = Latency['all'];
type Metric = 'firstTokenMs' | 'wholeMs' | 'tokensPerSecond';

const METRICS: readonly (readonly [Metric, string])[] = [['firstTokenMs', 'First token'], ['wholeMs', 'Whole reply'], ['tokensPerSecond', 'Tokens/s']];
const GROUPS = [['route', 'By route'], ['model', 'By model'], ['backend', 'By backend'], ['project', 'By project']] as const;
const STEP = { hour: 3_600_000, day: 86_400_000 } as const;
const SHARES = [['p50', 'median', '--text', 2], ['p95', '95 in 100', '--series-1', 1.5], ['p99', '99 in 100', '--series-2', 1.5]] as const;

export const valueText = (metric: Metric, value: number): string => (metric === 'tokensPerSecond' ? `${value < 10 ? value : Math.round(value)}/s` : duration(value));

/** How quick are the models, by route and over time? */
export function LatencyPage() {
  const [state, set] = useUrlState();
  const range = useRange('24h');
  const project = useProject();
  const by = GROUPS.find(([name]) => name === state.by)?.[0] ?? 'route';
  const metric = METRICS.find(([name]) => name === state.metric)?.[0] ?? 'firstTokenMs';
  const model = state.model ?? '';
  const query = useQuery(queries.latency({ by, from: range.from, top: 20, ...(range.to === undefined ? {} : { to: range.to }), ...(project === undefined ? {} : { projectId: project }), ...(model === '' ? {} : { model }) }));
  const models = useQuery(queries.models).data?.items ?? [];
  const { data } = query;
  const lead = data ? latencyLead(data, range.words) : query.error ? 'The latency could not be read.' : 'Reading the latency…';
  return (
    <ModelPage title="Latency" lead={lead} busy={!data && !query.error}>
      <div className="filters">
        <RangeSelect range={range} shortest="24h" />
        <FilterSelect label="Model" value={model} options={[['', 'Any model'], ...[...new Set([...models.map(({ name }) => name), ...(model === '' ? [] : [model])])].map((name) => [name, name] as const)]} onChange={(value) => set({ model: value, resource: undefined })} />
        <FilterSelect label="Group" value={by} options={GROUPS} onChange={(value) => set({ by: value, resource: undefined })} />
        <Choice label="What is shown" value={metric} options={METRICS} onChange={(value) => set({ metric: value })} />
      </div>
      <Show query={query} bones={<><div className="section"><Bone width={260} height={14} /><div className="plot-place tall waits" /></div><TableBones rows={4} columns={7} /></>}>
        {(view) => (view.all.wholeMs === null && view.all.firstTokenMs === null
          ? <Empty title={`No call ${range.words}`} command={commands.chat('What is the capital of France?')} action={<ButtonLink to="/playground" kind="primary">Ask in the playground</ButtonLink>}><p>How long calls wait for their first token, how quickly tokens follow, and how long whole replies take show here, by model and backend. The first call:</p></Empty>
          : <Content view={view} metric={metric} />)}
      </Show>
      <SameInTerminal line={commands.latency({ by: by === 'route' ? undefined : by, ...rangeOptions(range), model, project })} />
    </ModelPage>
  );
}

export function latencyLead(view: Latency, words: string): string {
  const { firstTokenMs, tokensPerSecond } = view.all;
  if (firstTokenMs === null) return view.all.wholeMs === null ? `No call ended ${words}.` : `No call had a token ${words}.`;
  const rate = tokensPerSecond === null ? '' : `, then ${valueText('tokensPerSecond', tokensPerSecond.p50).replace('/s', ' tokens a second')}`;
  return `Half of the calls had their first token within ${duration(firstTokenMs.p50)}, 95 in 100 within ${duration(firstTokenMs.p95)}${rate}.`;
}

function nameOf(one: Series): string {
  return [one.model, one.backendName === '' ? null : one.backendName, one.projectName].filter((part) => part !== null).join(' on ') || 'All calls';
}
const idOf = (one: Series): string => [one.model, one.backendId, one.projectId].map((part) => part ?? '').join('|');

function Content({ view, metric }: { view: Latency; metric: Metric }) {
  const [{ resource, sort = '-calls' }, set] = useUrlState();
  const [show, setShow] = useState('plot');
  const chosen = view.series.find((one) => idOf(one) === resource);
  const shown = chosen ?? view.all;
  const stepMs = STEP[view.step];
  const at = useMemo(() => times(view, stepMs), [view, stepMs]);
  const points = useMemo(() => {
    const known = new Map(shown.points.map((point) => [Date.parse(point.at), point[metric]]));
    return at.map((one) => known.get(Date.parse(one)) ?? null);
  }, [shown, at, metric]);
  const series = useMemo(() => SHARES.map(([share, name, colour, width]) => ({ name, colour, width, values: points.map((point) => point?.[share] ?? null) })), [points]);
  const axis = useCallback((value: number) => (value === 0 ? '0' : metric === 'tokensPerSecond' ? String(value) : duration(value)), [metric]);
  const what = { firstTokenMs: 'How long did calls wait for their first token?', wholeMs: 'How long did whole replies take?', tokensPerSecond: 'How quickly did tokens follow the first?' }[metric];
  return (
    <>
      <Section title={what} note={<>{nameOf(shown)}{chosen === undefined ? '' : <> · <button type="button" className="link-button" onClick={() => set({ resource: undefined })}>Show all calls</button></>}</>}
        actions={<Choice label="Show as" value={show} options={[['plot', 'Plot'], ['table', 'Table']]} onChange={setShow} />}>
        {show === 'plot' ? (
          <Suspense fallback={<div className="plot-place tall waits" />}>
            <Plot kind="lines" label={`${what} Median and percentiles of ${nameOf(shown)}.`} at={at} stepMs={stepMs} series={series} note={`By the ${view.step}${metric === 'tokensPerSecond' ? '; tokens per second that so many in 100 calls had at least' : ''}.`} axisText={axis}
              read={(index) => `${pointName(at[index]!, stepMs)}: ${points[index] === null || points[index] === undefined ? 'no call' : `${SHARES.map(([share, name]) => `${name} ${valueText(metric, points[index]![share])}`).join(', ')}, ${count(points[index]!.calls)} calls`}`} />
          </Suspense>
        ) : (
          <Table label={what} rows={at.map((one, index) => ({ at: one, point: points[index] ?? null })).toReversed()} rowKey={(row) => row.at} columns={[
            { id: 'at', header: view.step === 'hour' ? 'Hour' : 'Day', unit: 'UTC', narrow: 'title', cell: (row) => pointName(row.at, stepMs) },
            { id: 'calls', header: 'Calls', numeric: true, cell: ({ point }) => <span className="num">{point === null ? '0' : count(point.calls)}</span> },
            ...SHARES.map(([share, name]): Column<{ at: string; point: Latency['all'][Metric] }> => ({ id: share, header: name, numeric: true, narrow: share === 'p50' ? 'side' : share === 'p95' ? 'sub' : 'hidden', cell: ({ point }) => <span className="num">{point === null ? '–' : valueText(metric, point[share])}</span> })),
          ]} />
        )}
      </Section>
      <Section title="Which are slow?" note={`${view.seriesInAll > view.series.length ? `The ${view.series.length} busiest of ${view.seriesInAll}. ` : ''}Choose one to see it over time. Percentiles are right to ${(view.errorShare * 100).toFixed(1)} %.`}>
        <SeriesTable view={view} sort={sort} onSort={(next) => set({ sort: next })} onRow={(one) => set({ resource: idOf(one) })} />
      </Section>
    </>
  );
}

function SeriesTable({ view, sort, onSort, onRow }: { view: Latency; sort: string; onSort: (sort: string) => void; onRow: (one: Series) => void }) {
  const calls = (one: Series): number => Math.max(...[one.wholeMs, one.firstTokenMs].map((part) => Number(part?.calls ?? 0)));
  const column = (metric: Metric, share: 'p50' | 'p95' | 'p99', header: string, narrow: 'side' | 'sub' | 'hidden'): Column<Series> => ({
    id: `${metric}-${share}`, header, numeric: true, narrow, compare: byNumber((one) => one[metric]?.[share]), cell: (one) => <><span className="narrow-only muted">{share === 'p50' ? 'median ' : `${share.slice(1)} in 100 `}</span><span className="num">{one[metric] === null ? '–' : valueText(metric, one[metric][share])}</span></>,
  });
  return (
    <Table label={`Latency by ${view.by}`} rows={view.series} rowKey={idOf} onRow={onRow} sort={sort} onSort={onSort} columns={[
      { id: 'name', header: view.by === 'route' ? 'Route' : view.by.charAt(0).toUpperCase() + view.by.slice(1), narrow: 'title', compare: byText(nameOf), cell: (one) => <span className="clip mono">{nameOf(one)}</span> },
      { id: 'calls', header: 'Calls', numeric: true, narrow: 'sub', compare: byNumber(calls), cell: (one) => <span className="num">{count(calls(one))}<span className="narrow-only"> calls</span></span> },
      column('firstTokenMs', 'p50', 'First token, median', 'side'), column('firstTokenMs', 'p95', '95 in 100', 'sub'), column('firstTokenMs', 'p99', '99 in 100', 'hidden'),
      column('wholeMs', 'p50', 'Whole, median', 'hidden'), column('wholeMs', 'p95', '95 in 100', 'hidden'), column('tokensPerSecond', 'p50', 'Tokens/s, median', 'hidden'), column('tokensPerSecond', 'p95', '95 in 100', 'hidden'),
    ]} />
  );
}

const pointName = (at: string, stepMs: number): string => (stepMs >= STEP.day ? at.slice(0, 10) : `${at.slice(0, 10)} ${at.slice(11, 16)}`);

/** Every step of the range, also those without a call: gaps are drawn as gaps. */
function times(view: Latency, stepMs: number): string[] {
  const first = Math.floor(Date.parse(view.from) / stepMs) * stepMs;
  return Array.from({ length: Math.max(1, Math.ceil((Date.parse(view.to) - first) / stepMs)) }, (_, index) => new Date(first + index * stepMs).toISOString());
}
