import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import type { QueryOf, ReplyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration, exactTime, plural } from '../../lib/format.ts';
import { keyChoices } from '../../lib/key-names.ts';
import { widestFraction } from '../../lib/money.ts';
import { rangeOptions, useRange } from '../../lib/range.ts';
import { queryOptions, readRequestQuery } from '../../lib/request-query.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ColumnMoney } from '../../ui/amount.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter, FilterSelect } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { RangeSelect } from '../../ui/range-select.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { ModelPage } from './frame.tsx';
import { OUTCOME_CHOICES, outcomeOf } from './outcome.ts';

type Call = Schemas['Request'];
type Errors = ReplyOf<'/api/requests/errors', 'get'>;

/** Why did my call fail, and how did the others go? */
export function RequestsPage() {
  const [{ q = '', outcome = '', model = '', key = '' }, set] = useUrlState();
  const range = useRange('24h');
  const project = useProject();
  const { query: typed, problem } = useMemo(() => readRequestQuery(q), [q]);
  const filter = useMemo((): QueryOf<'/api/requests', 'get'> => (typed.id === undefined ? {
    from: range.from, ...(range.to === undefined ? {} : { to: range.to }), ...(outcome === '' ? {} : { outcome: outcome as NonNullable<QueryOf<'/api/requests', 'get'>['outcome']> }),
    ...(model === '' ? {} : { model }), ...(key === '' ? {} : { keyId: key }), ...(project === undefined ? {} : { projectId: project }), ...typed,
  } : { id: typed.id }), [range.from, range.to, outcome, model, key, project, typed]);
  const query = useInfiniteQuery(queries.requests(filter));
  const { hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const errors = useQuery(queries.requestErrors({ from: range.from, ...(range.to === undefined ? {} : { to: range.to }), ...(project === undefined ? {} : { projectId: project }) }));
  // The list comes first: a browser asks a server for six things at a time.
  const models = useQuery({ ...queries.models, enabled: rows !== undefined }).data?.items ?? [];
  const keys = useInfiniteQuery({ ...queries.keys, enabled: rows !== undefined }).data?.pages.flatMap(({ items }) => items) ?? [];
  const lookedBackTo = query.data?.pages.at(-1)?.lookedBackTo ?? null;

  // Calls that came since are shown at once while the list is short; a long one keeps its place until it is asked for.
  const newest = useQuery({ ...queries.newestRequest(filter), enabled: rows !== undefined && range.to === undefined && typed.id === undefined }).data?.items[0];
  const fresh = newest !== undefined && rows !== undefined && !query.isFetching && (rows[0] === undefined || rows[0].id < newest.id);
  const short = (query.data?.pages.length ?? 0) < 2;
  useEffect(() => {
    if (fresh && short) void refetch();
  }, [fresh, short, refetch]);

  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const mark = end.current;
    // Where a page ended because enough was looked through, the reader says whether to look further.
    if (!mark || !hasNextPage || lookedBackTo !== null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      // Out of sight and in again, between two looks, come as two entries: the last one holds.
      if (entries.at(-1)?.isIntersecting && !isFetchingNextPage) void fetchNextPage();
    }, { rootMargin: '800px' });
    observer.observe(mark);
    return () => observer.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lookedBackTo]);

  const lead = rows ? requestsLead(errors.data, range.words, rows, typed.id !== undefined) : query.error ? 'The requests could not be read.' : 'Reading the requests…';
  const narrowed = q !== '' || outcome !== '' || model !== '' || key !== '';
  const choices = keyChoices(keys);
  const chosenKey = choices.find(({ id }) => id === key);
  return (
    <ModelPage title="Requests" lead={lead} busy={!rows && !query.error}>
      <div className="filters">
        <Filter label="Id, or code:… user:… min:5s" value={q} onChange={(value) => set({ q: value })} />
        <RangeSelect range={range} />
        <FilterSelect label="Outcome" value={outcome} options={OUTCOME_CHOICES} onChange={(value) => set({ outcome: value })} />
        <FilterSelect label="Model" value={model} options={[['', 'Any model'], ...named(models.map(({ name }) => name), model)]} onChange={(value) => set({ model: value })} />
        <FilterSelect label="Key" value={key} options={[['', 'Any key'], ...choices.map(({ id, name }) => [id, name] as const), ...(key === '' || chosenKey !== undefined ? [] : [[key, `${key.slice(0, 8)}…`] as const])]} onChange={(value) => set({ key: value })} />
      </div>
      {problem === undefined ? null : <p className="small warn-text filter-problem break" role="status">{problem}</p>}
      {errors.data && errors.data.codes.length > 0 ? <Codes errors={errors.data} chosen={typed.code} onChoose={(code) => set({ q: code === typed.code ? '' : `code:${code}` })} /> : null}
      <Show query={{ data: rows, error: query.error, refetch }} bones={<TableBones columns={6} />}>
        {(calls) => (calls.length === 0 ? (
          narrowed ? <p className="none muted">No call {range.words} fits the filters{lookedBackTo === null ? '' : `, as far back as ${exactTime(lookedBackTo)}`}.</p>
            : <Empty title={`No call ${range.words}`} command={commands.chat('What is the capital of France?')} action={<ButtonLink to="/playground" kind="primary">Ask in the playground</ButtonLink>}><p>Each call shows here within a second or two of its end: where its time went, which backend served it, and why it failed if it did. The first one:</p></Empty>
        ) : (
          <>
            {fresh && !short ? <p className="fresh"><Button onClick={() => void refetch()}>New calls came. Show them</Button></p> : null}
            <Calls calls={calls} />
          </>
        ))}
      </Show>
      <div ref={end} className="more small muted" role="status">{isFetchingNextPage ? 'Reading more…' : null}</div>
      {lookedBackTo !== null && !isFetchingNextPage ? <p className="row"><span className="small muted">100,000 calls were looked through, back to {exactTime(lookedBackTo)}.</span><Button onClick={() => void fetchNextPage()}>Look further</Button></p> : null}
      <SameInTerminal line={typed.id === undefined ? commands.requests({ ...rangeOptions(range), outcome, model, key: chosenKey?.word ?? key, project, ...queryOptions(typed) }) : commands.request(typed.id)} />
    </ModelPage>
  );
}

const named = (names: readonly string[], chosen: string): (readonly [string, string])[] => [...new Set([...names, ...(chosen === '' ? [] : [chosen])])].map((name) => [name, name] as const);

export function requestsLead(errors: Errors | undefined, words: string, rows: readonly Call[], one: boolean): string {
  if (one) return rows[0] ? `This is the call that you looked for: ${outcomeOf(rows[0].outcome).sentence.toLowerCase()}.` : 'There is no call with this id.';
  if (!errors) return `${plural(rows.length, 'call')} ${words}.`;
  if (errors.errors === '0') return errors.admitted === '0' && rows.length === 0 ? `No call came ${words}.` : `No call was answered with an error ${words}; ${count(errors.admitted)} were served.`;
  const most = errors.codes[0]!;
  return `${plural(errors.errors, 'call')} ${errors.errors === '1' ? 'was' : 'were'} answered with an error ${words}, ${errors.codes.length === 1 ? 'all' : BigInt(most.calls) * 2n > BigInt(errors.errors) ? 'most' : 'most often'} by ${most.code}; ${count(errors.admitted)} were admitted.`;
}

/** Which errors there were, as filters. */
function Codes({ errors, chosen, onChoose }: { errors: Errors; chosen: string | undefined; onChoose: (code: string) => void }) {
  return (
    <div className="codes" role="group" aria-label="Errors by code">
      {errors.codes.slice(0, 8).map(({ code, calls }) => <button key={code} type="button" className="code-chip" aria-pressed={code === chosen} onClick={() => onChoose(code)}><span className="mono">{code}</span> <span className="num muted">{count(calls)}</span></button>)}
    </div>
  );
}

function Calls({ calls }: { calls: readonly Call[] }) {
  const [{ sort }, set] = useUrlState();
  const decimals = useMemo(() => widestFraction(calls.map(({ charge }) => charge)), [calls]);
  const columns = useMemo((): Column<Call>[] => [
    { id: 'at', header: 'Time', unit: 'UTC', narrow: 'sub', width: '9.5rem', compare: (a, b) => a.at.localeCompare(b.at), cell: ({ at }) => <time dateTime={at} title={exactTime(at)} className="num">{at.slice(5, 10)} {at.slice(11, 19)}</time> },
    { id: 'model', header: 'Model', narrow: 'title', compare: (a, b) => (a.model ?? '').localeCompare(b.model ?? ''), cell: ({ model, backendName, tries }) => <span className="clip"><span className="mono">{model ?? '–'}</span>{backendName === null ? null : <span className="muted beside">{tries > 1 ? `try ${tries}: ` : ''}{backendName}</span>}</span> },
    { id: 'key', header: 'Key', narrow: 'hidden', compare: (a, b) => (a.keyName ?? '').localeCompare(b.keyName ?? ''), cell: ({ keyName, user }) => <span className="clip">{keyName ?? <span className="muted">–</span>}{user === null ? null : <span className="muted beside">{user}</span>}</span> },
    { id: 'outcome', header: 'Outcome', narrow: 'side', compare: (a, b) => `${a.outcome} ${a.code ?? ''}`.localeCompare(`${b.outcome} ${b.code ?? ''}`),
      cell: ({ outcome, code }) => <><State tone={outcomeOf(outcome).tone}>{outcomeOf(outcome).word}</State>{code === null ? null : <span className="mono muted beside wide-only">{code}</span>}</> },
    { id: 'first', header: 'First token', numeric: true, width: '7rem', narrow: 'hidden', compare: (a, b) => (a.firstTokenMs ?? -1) - (b.firstTokenMs ?? -1), cell: ({ firstTokenMs }) => <span className="num">{firstTokenMs === null ? '–' : duration(firstTokenMs)}</span> },
    { id: 'total', header: 'Whole', numeric: true, width: '6rem', compare: (a, b) => (a.totalMs ?? -1) - (b.totalMs ?? -1), cell: ({ totalMs }) => <span className="num">{totalMs === null ? '–' : duration(totalMs)}</span> },
    { id: 'charge', header: 'Charged', unit: calls.find(({ currency }) => currency !== null)?.currency ?? '', numeric: true, narrow: 'hidden', compare: (a, b) => (BigInt(a.charge) < BigInt(b.charge) ? -1 : 1),
      cell: ({ charge, currency }) => (currency === null ? <span className="muted">–</span> : <ColumnMoney pico={charge} decimals={decimals} currency={currency} />) },
  ], [calls, decimals]);
  return <Table label="Requests" columns={columns} rows={calls} rowKey={({ id }) => id} rowTo={({ id }) => `/models/requests/${id}`} sort={sort} onSort={(next) => set({ sort: next })} />;
}
