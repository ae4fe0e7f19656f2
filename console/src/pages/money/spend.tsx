import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { Suspense, lazy, useCallback, useMemo, useState } from 'react';
import type { QueryOf, ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useSeesCosts } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { toCsv } from '../../lib/csv.ts';
import { count, dayText, plural } from '../../lib/format.ts';
import { exactMoney, plainAmount, shortMoney, widestFraction } from '../../lib/money.ts';
import { narrow, readNarrowed, writeNarrowed } from '../../lib/narrowed.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { rangeOptions, useRange } from '../../lib/range.ts';
import { OTHERS_COLOUR, seriesColours } from '../../lib/series-colours.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ColumnMoney } from '../../ui/amount.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { FilterSelect } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { RangeSelect } from '../../ui/range-select.tsx';
import { Bone, TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Choice } from '../../ui/tabs.tsx';
import { MoneyPage } from './frame.tsx';

const Plot = lazy(() => import('../../ui/time-plot.tsx').then(({ TimePlot }) => ({ default: TimePlot })));

type Spend = ReplyOf<'/api/spend', 'get'>;
type Group = Spend['groups'][number];
type Query = QueryOf<'/api/spend', 'get'>;
type Metric = NonNullable<Query['metric']>;
type Dimension = NonNullable<Query['group']>;

const METRICS: readonly (readonly [Metric, string])[] = [['charge', 'Charged'], ['cost', 'Our cost'], ['margin', 'Margin'], ['machine', 'Machines'], ['requests', 'Requests'], ['failed', 'Failed'], ['tokens', 'Tokens'], ['input', 'Input tokens'], ['cache_read', 'Cached input'], ['cache_write', 'Cache writes'], ['output', 'Output tokens'], ['reasoning', 'Reasoning'], ['audio', 'Audio tokens'], ['image', 'Image tokens']];
const GROUPS: readonly (readonly [Dimension, string])[] = [['model', 'Model'], ['project', 'Project'], ['key', 'Key'], ['backend', 'Backend'], ['tier', 'Tier'], ['user', 'User'], ['scenario', 'Scenario'], ['tag', 'Tag']];
const FILTERS = { model: 'model', project: 'projectId', key: 'keyId', backend: 'backendId', tier: 'tier', user: 'user', scenario: 'scenario', tag: 'tag' } as const;
const DAY = 86_400_000;
const PICO = 1e12;

/** For those alone who see costs. */
const OF_COSTS: ReadonlySet<Metric> = new Set(['cost', 'margin', 'machine']);
const isMoney = (metric: Metric): boolean => metric === 'charge' || OF_COSTS.has(metric);
const titleOf = (metric: Metric): string => METRICS.find(([name]) => name === metric)?.[1] ?? metric;
const groupTitle = (dimension: string): string => GROUPS.find(([name]) => name === dimension)?.[1] ?? dimension;

/** What did it cost, by whom and by what, and how does it move? */
export function SpendPage() {
  const [state, set] = useUrlState();
  const range = useRange('30d');
  const project = useProject();
  const seesCosts = useSeesCosts();
  const metrics = METRICS.filter(([name]) => seesCosts || !OF_COSTS.has(name));
  const metric = metrics.find(([name]) => name === state.metric)?.[0] ?? 'charge';
  const group = GROUPS.find(([name]) => name === state.by)?.[0] ?? 'model';
  const and = GROUPS.find(([name]) => name === state.and && name !== group)?.[0];
  const narrowed = useMemo(() => readNarrowed(state.only).filter(([dimension]) => dimension in FILTERS), [state.only]);
  const filter = useMemo((): Query => ({
    metric, from: range.from, ...(range.to === undefined ? {} : { to: range.to }), ...(project === undefined ? {} : { projectId: project }),
    ...Object.fromEntries(narrowed.map(([dimension, value]) => [FILTERS[dimension as keyof typeof FILTERS], value])),
  }), [metric, range.from, range.to, project, narrowed]);
  const query = useQuery(queries.spend({ ...filter, group, top: 20, ...(and === undefined ? {} : { subgroup: and }) }));
  const overTime = useQuery(queries.spend({ ...filter, group: 'day', subgroup: group, top: 7 }));
  const { data } = query;
  const lead = data ? spendLead(data, range.words) : query.error ? 'The spend could not be read.' : 'Adding up the spend…';
  const cli = Object.fromEntries(narrowed.map(([dimension, value]) => [dimension, value]));
  return (
    <MoneyPage title="Spend" lead={lead} busy={!data && !query.error}>
      <div className="filters">
        <RangeSelect range={range} shortest="24h" />
        <FilterSelect label="What is added up" value={metric} options={metrics} onChange={(value) => set({ metric: value })} />
        <FilterSelect label="Add up by" value={group} options={GROUPS.map(([name, title]) => [name, `by ${title.toLowerCase()}`] as const)} onChange={(value) => set({ by: value })} />
        <FilterSelect label="And within each by" value={and ?? ''} options={[['', 'not further'], ...GROUPS.filter(([name]) => name !== group).map(([name, title]) => [name, `and by ${title.toLowerCase()}`] as const)]} onChange={(value) => set({ and: value })} />
      </div>
      {narrowed.length === 0 ? null : (
        <ul className="codes" aria-label="Narrowed to">
          {narrowed.map(([dimension, value]) => <li key={dimension}><button type="button" className="code-chip" aria-label={`Take ${groupTitle(dimension).toLowerCase()} ${value} out of the filter`} onClick={() => set({ only: writeNarrowed(narrow(narrowed, dimension, undefined)) })}>{groupTitle(dimension)} <span className="mono">{labelOf(data, value)}</span><X size={12} aria-hidden /></button></li>)}
          <li><Link to="/models/requests" search={requestsOf(narrowed) as never} className="small">See the requests</Link></li>
        </ul>
      )}
      <Show query={query} bones={<><div className="section"><Bone width={260} height={14} /><div className="plot-place tall waits" /></div><TableBones rows={6} columns={6} /></>}>
        {(spend) => (spend.groups.length === 0
          ? <Empty title={`Nothing ${range.words}${narrowed.length === 0 ? '' : ' fits the filters'}`} command={commands.chat('What is the capital of France?')} action={<ButtonLink to="/playground" kind="primary">Ask in the playground</ButtonLink>}><p>What calls cost shows here some seconds after their end, by model, project, key, backend, user, tag and scenario. The first one:</p></Empty>
          : <>
            {overTime.data ? <OverTime spend={overTime.data} group={group} /> : <div className="section"><Bone width={260} height={14} /><div className="plot-place tall waits" /></div>}
            <Groups spend={spend} onChoose={(one) => set({ only: writeNarrowed(narrow(narrowed, group, one.key ?? undefined)), by: nextGroup(group), and: undefined })} />
          </>)}
      </Show>
      <SameInTerminal line={commands.spend({ metric: metric === 'charge' ? undefined : metric, by: group === 'model' ? undefined : group, and, ...rangeOptions(range), project, ...cli })} />
    </MoneyPage>
  );
}

/** What is looked at next, once one of a group is chosen. */
const nextGroup = (group: Dimension): Dimension => (group === 'key' ? 'model' : 'key');

const REQUEST_WORDS = { backend: 'backend', tier: 'tier', user: 'user', scenario: 'scenario', tag: 'tag' } as const;

/** The same narrowing on the page of requests. */
function requestsOf(narrowed: readonly (readonly [string, string])[]): Record<string, string> {
  const words = narrowed.flatMap(([dimension, value]) => (dimension in REQUEST_WORDS ? [`${dimension}:${/\s/.test(value) ? `"${value}"` : value}`] : []));
  return { ...Object.fromEntries(narrowed.filter(([dimension]) => dimension === 'model' || dimension === 'key' || dimension === 'project')), ...(words.length === 0 ? {} : { q: words.join(' ') }) };
}

function labelOf(spend: Spend | undefined, value: string): string {
  return spend?.groups.find(({ key }) => key === value)?.name ?? (/^[0-9a-f]{8}-/.test(value) ? `${value.slice(0, 8)}…` : value === '' ? '(none)' : value);
}

export function spendLead(spend: Spend, words: string): string {
  const { total, before, metric, currency } = spend;
  const text = (value: string | null): string => (value === null ? 'not known' : isMoney(metric) ? shortMoney(value, currency) : count(value));
  if (total.requests === '0') return `Nothing was used ${words}.`;
  if (total.value === null) return `The ${titleOf(metric).toLowerCase()} ${words} is not known: no backend's cost is.`;
  const most = spend.groups.find(({ key, value }) => key !== null && key !== '' && value !== null && value !== '0');
  const share = most && most.value !== null && BigInt(total.value) > 0n ? Number((BigInt(most.value) * 100n) / BigInt(total.value)) : 0;
  const noun = { charge: 'charged', cost: 'of cost', margin: 'of margin', machine: 'of machines', requests: 'requests', failed: 'failed requests', tokens: 'tokens', input: 'input tokens', cache_read: 'cached input tokens', cache_write: 'tokens written to caches', output: 'output tokens', reasoning: 'reasoning tokens', audio: 'audio tokens', image: 'image tokens' }[metric];
  return `${text(total.value)} ${noun} ${words}${change(total.value, before)}${most && share >= 1 && spend.groups.length > 1 ? `; ${share} % ${spend.group === 'user' || spend.group === 'project' || spend.group === 'key' ? 'by' : 'on'} ${most.name}` : ''}.`;
}

/** How it compares with the same length of time before. */
function change(value: string, before: string | null): string {
  if (before === null || BigInt(before) <= 0n) return '';
  const percent = Number(((BigInt(value) - BigInt(before)) * 100n) / BigInt(before));
  if (percent === 0) return ', as in the same time before';
  return percent > 900 ? ', many times that of the same time before' : `, ${Math.abs(percent)} % ${percent > 0 ? 'more' : 'less'} than in the same time before`;
}

function OverTime({ spend, group }: { spend: Spend; group: Dimension }) {
  const [show, setShow] = useState('plot');
  const { metric, currency } = spend;
  const money = isMoney(metric);
  const at = useMemo(() => days(spend), [spend]);
  const byDay = useMemo(() => new Map(spend.groups.map((one) => [one.key, one])), [spend]);
  const names = useMemo(() => [...new Map(spend.groups.flatMap(({ parts }) => parts).map(({ key, name }) => [key, name])).entries()], [spend]);
  const series = useMemo(() => {
    const colours = seriesColours(names.flatMap(([key, name]) => (key === null ? [] : [name])));
    const sums = new Map(names.map(([key]) => [key, spend.groups.reduce((sum, { parts }) => sum + BigInt(parts.find((part) => part.key === key)?.value ?? 0), 0n)]));
    return names.toSorted(([a], [b]) => (a === null ? 1 : b === null ? -1 : (sums.get(a) ?? 0n) < (sums.get(b) ?? 0n) ? 1 : -1)).map(([key, name]) => ({
      name, colour: key === null ? OTHERS_COLOUR : (colours.get(name) ?? OTHERS_COLOUR),
      // A day's loss cannot stand in a stack: it is left out of the picture and stands in the table.
      values: at.map((day) => Math.max(0, Number(byDay.get(day.slice(0, 10))?.parts.find((part) => part.key === key)?.value ?? 0)) / (money ? PICO : 1)),
    }));
  }, [names, spend, at, byDay, money]);
  const axis = useCallback((value: number) => (value === 0 ? '0' : money ? shortMoney(BigInt(Math.round(value * PICO)), currency).replace(/\.00$/, '') : compact(value)), [money, currency]);
  const text = (value: string | null): string => (value === null ? 'not known' : money ? exactMoney(value, currency) : count(value));
  const decimals = useMemo(() => (money ? widestFraction(spend.groups.flatMap(({ value }) => (value === null ? [] : [value]))) : 0), [spend, money]);
  return (
    <Section title={`${titleOf(metric)} by day`} actions={<Choice label="Show the days as" value={show} options={[['plot', 'Plot'], ['table', 'Table']]} onChange={setShow} />}>
      {show === 'plot' ? (
        <Suspense fallback={<div className="plot-place tall waits" />}>
          <Plot kind="stack" label={`${titleOf(metric)} of each day by ${group}.`} at={at} stepMs={DAY} series={series} note={`${money ? currency : titleOf(metric)} a day.`} axisText={axis}
            read={(index) => {
              const day = byDay.get(at[index]!.slice(0, 10));
              return `${dayText(at[index]!)}: ${day ? `${text(day.value)} for ${plural(day.requests, 'request')}${day.parts.length < 2 ? '' : `; ${day.parts.slice(0, 3).map(({ name, value }) => `${name} ${text(value)}`).join(', ')}`}` : 'nothing'}`;
            }} />
        </Suspense>
      ) : (
        <Table label={`${titleOf(metric)} by day`} rows={spend.groups.toReversed()} rowKey={({ key }) => key ?? ''} columns={[
          { id: 'day', header: 'Day', narrow: 'title', cell: ({ name }) => dayText(name) },
          { id: 'requests', header: 'Requests', numeric: true, cell: ({ requests }) => <span className="num">{count(requests)}</span> },
          { id: 'value', header: titleOf(metric), ...(money ? { unit: currency } : {}), numeric: true, narrow: 'side', cell: ({ value }) => (value === null ? <span className="muted">unknown</span> : money ? <ColumnMoney pico={value} decimals={decimals} currency={currency} /> : <span className="num">{count(value)}</span>) },
        ]} />
      )}
    </Section>
  );
}

/** 1,200 → 1.2k: for an axis, where the exact figure is in the table. */
function compact(value: number): string {
  const [size, unit] = value >= 1e9 ? [1e9, 'G'] : value >= 1e6 ? [1e6, 'M'] : value >= 1e3 ? [1e3, 'k'] : [1, ''];
  return `${Number((value / size).toPrecision(3))}${unit}`;
}

function days(spend: Spend): string[] {
  const first = Date.parse(spend.from);
  return Array.from({ length: Math.max(1, Math.round((Date.parse(spend.to) - first) / DAY)) }, (_, index) => new Date(first + index * DAY).toISOString());
}

interface Row extends Omit<Group, 'parts'> {
  readonly id: string;
  /** The name of the part; undefined for the group's own row. */
  readonly part: string | undefined;
}

type Figure = 'machine' | 'cost' | 'margin' | 'charge';

const hasMachines = ({ total }: Spend): boolean => total.machine !== undefined && total.machine !== '0';

/** Amounts that stand beside the metric: those that the reader sees, and machines where some served. */
function figuresOf(spend: Spend): Figure[] {
  return (['machine', 'cost', 'margin', 'charge'] as const).filter((id) => spend.total[id] !== undefined && (id !== 'machine' || hasMachines(spend)));
}

function Groups({ spend, onChoose }: { spend: Spend; onChoose: (group: Row) => void }) {
  const [{ sort }, set] = useUrlState();
  const { metric, currency, total } = spend;
  const rows = useMemo(() => spend.groups.flatMap(({ parts, ...group }): Row[] => (spend.subgroup === null
    ? [{ ...group, id: group.key ?? 'others', part: undefined }]
    : parts.map((part) => ({ ...group, id: `${group.key ?? 'others'}|${part.key ?? 'others'}`, part: part.name, value: part.value })))), [spend]);
  const figure = (id: Figure, header: string): Column<Row> => {
    const decimals = widestFraction(rows.flatMap((row) => row[id] ?? []));
    return { id, header, unit: currency, numeric: true, narrow: 'hidden', compare: byNumber((row) => row[id]), cell: (row) => (row[id] === null || row[id] === undefined ? <span className="muted">unknown</span> : <ColumnMoney pico={row[id]} decimals={decimals} currency={currency} />) };
  };
  const valueDecimals = isMoney(metric) ? widestFraction([total, ...rows].flatMap(({ value }) => (value === null ? [] : [value]))) : 0;
  const whole = total.value === null ? 0n : BigInt(total.value);
  const columns: Column<Row>[] = [
    { id: 'name', header: groupTitle(spend.group), narrow: 'title', compare: byText((row) => `${row.name} ${row.part ?? ''}`), cell: (row) => <span className={spend.group === 'model' ? 'clip mono' : 'clip'}>{row.name}</span> },
    ...(spend.subgroup === null ? [] : [{ id: 'part', header: groupTitle(spend.subgroup), narrow: 'sub' as const, compare: byText((row: Row) => row.part ?? ''), cell: (row: Row) => <span className={spend.subgroup === 'model' ? 'clip mono' : 'clip'}>{row.part}</span> }]),
    ...(spend.subgroup === null && metric !== 'requests' ? [{ id: 'requests', header: 'Requests', numeric: true, narrow: 'sub' as const, compare: byNumber((row: Row) => row.requests), cell: (row: Row) => <span className="num">{count(row.requests)}<span className="narrow-only"> requests</span></span> }] : []),
    { id: 'share', header: 'Share', unit: '%', numeric: true, narrow: 'hidden', compare: byNumber((row) => row.value), cell: ({ value }) => <span className="num">{value === null || whole <= 0n ? '–' : percent(BigInt(value), whole)}</span> },
    ...(spend.subgroup === null ? figuresOf(spend).filter((id) => id !== metric).map((id) => figure(id, titleOf(id))) : []),
    { id: 'value', header: titleOf(metric), ...(isMoney(metric) ? { unit: currency } : {}), numeric: true, narrow: 'side', compare: byNumber((row) => row.value), cell: ({ value }) => (value === null ? <span className="muted">unknown</span> : isMoney(metric) ? <ColumnMoney pico={value} decimals={valueDecimals} currency={currency} /> : <span className="num">{count(value)}</span>) },
  ];
  const totalText = total.value === null ? <span className="muted">unknown</span> : isMoney(metric) ? <ColumnMoney pico={total.value} decimals={valueDecimals} currency={currency} /> : <span className="num">{count(total.value)}</span>;
  return (
    <Section title={`Which ${groupTitle(spend.group).toLowerCase()} was it?`} note={`${spend.groupsInAll > 1 ? 'Choose one to look into it. ' : ''}${spend.overlapping ? 'A call with two tags is in both. ' : ''}`}>
      <Table label={`${titleOf(metric)} by ${spend.group}`} rows={rows} rowKey={({ id }) => id} columns={columns} sort={sort} onSort={(next) => set({ sort: next })} onRow={(row) => (row.key === null || row.key === '' || row.key === '(other)' ? undefined : onChoose(row))}
        footer={<tr role="row"><td role="cell" className="n-title" colSpan={columns.length - 1}>Everything, listed or not</td><td role="cell" className="numeric n-side">{totalText}</td></tr>} />
      <div className="under-table">
        <p className="small muted">{total.costUnknown === undefined || total.costUnknown === '0' ? '' : `The cost of ${plural(total.costUnknown, 'usage event')} (calls, minutes of machines) is not known, and in neither cost nor margin. `}{hasMachines(spend) ? 'Machines are what the leased machines cost that served these calls, some minutes behind. They are paid as leases, and in neither cost nor margin. ' : ''}Days in UTC. The bill is what is owed; this is how it came about.</p>
        <CopyButton text={csvOf(spend, rows)} label="the table as CSV">Copy as CSV</CopyButton>
      </div>
    </Section>
  );
}

/** With one decimal, by integers. */
function percent(part: bigint, whole: bigint): string {
  const tenths = (part * 1000n + whole / 2n) / whole;
  return `${tenths / 10n}.${(tenths < 0n ? -tenths : tenths) % 10n}`;
}

function csvOf(spend: Spend, rows: readonly Row[]): string {
  const money = (value: string | null | undefined): string => (value === null || value === undefined ? '' : plainAmount(value));
  const figures = ([['charge', 'charged'], ['cost', 'cost'], ['margin', 'margin'], ['machine', 'machines']] as const).filter(([name]) => figuresOf(spend).includes(name));
  return toCsv([spend.group, spend.subgroup ?? 'of', spend.metric, 'requests', ...figures.map(([, title]) => `${title} ${spend.currency}`)],
    rows.map((row) => [row.name, row.part ?? '', isMoney(spend.metric) ? money(row.value) : (row.value ?? ''), ...(row.part === undefined ? [row.requests, ...figures.map(([name]) => money(row[name]))] : ['', ...figures.map(() => '')])]));
}
