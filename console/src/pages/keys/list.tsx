import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { Ago } from '../../ui/amount.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter, FilterSelect } from '../../ui/filter.tsx';
import { BudgetMeter } from '../../ui/meter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { FilterBones, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { useWhoami } from '../../lib/access.ts';
import { KEY_STATE } from './state.ts';
import type { Key } from './state.ts';

const byText = (pick: (key: Key) => string) => (a: Key, b: Key): number => pick(a).localeCompare(pick(b));
const spent = (key: Key): bigint => (key.budget && key.budget.amount !== '0' ? (BigInt(key.budget.spent) * 10_000n) / BigInt(key.budget.amount) : -1n);

export function KeysPage() {
  const query = useInfiniteQuery(queries.keys);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    // All pages are read one after another, so that sorting and filtering see every key.
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const project = useProject();
  const whyNot = useWhyNot('keys.write');
  const all = useMemo(() => query.data?.pages.flatMap(({ items }) => items).filter((key) => project === undefined || key.projectId === project || key.projectId === null), [query.data, project]);
  const lead = all ? keysLead(all) : query.error ? 'The keys could not be read.' : 'Reading the keys…';
  return (
    <Page title="Keys" lead={lead} busy={!all && !query.error} actions={all?.length === 0 ? undefined : <ButtonLink to="/keys/new" kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot}>Make a key</ButtonLink>}>
      <Show query={{ data: all, error: query.error, refetch: query.refetch }} bones={<><FilterBones /><TableBones columns={6} /></>}>
        {(keys) => (keys.length === 0
          ? <Empty title="There is no key yet" command={commands.keyCreate('my-app', { budget: '5' })} action={<ButtonLink to="/keys/new" kind="primary" why={whyNot}>Make the first key</ButtonLink>}><p>A key lets a program call models, within a budget that it cannot overrun. Make one here, or in a terminal:</p></Empty>
          : <List keys={keys} />)}
      </Show>
    </Page>
  );
}

function keysLead(keys: readonly Key[]): string {
  const working = keys.filter(({ state }) => state === 'active' || state === 'rotating').length;
  if (keys.length === 0) return 'No program can call a model yet.';
  const tight = keys.filter((key) => spent(key) >= 9000n && (key.state === 'active' || key.state === 'rotating')).length;
  return `${plural(working, 'key')} ${working === 1 ? 'works' : 'work'}${tight === 0 ? '' : `; ${tight === 1 ? 'one has' : `${count(tight)} have`} spent nine tenths of the budget`}.`;
}

function List({ keys }: { keys: readonly Key[] }) {
  const [{ q = '', state = '', sort = '-created' }, set] = useUrlState();
  const { organisation } = useWhoami();
  const shown = useMemo(() => {
    const typed = q.toLowerCase();
    return keys.filter((key) => (state === '' || key.state === state) && `${key.name} ${key.prefix} ${key.projectName ?? ''} ${key.owner.label}`.toLowerCase().includes(typed));
  }, [keys, q, state]);
  const columns = useMemo((): Column<Key>[] => [
    { id: 'name', header: 'Name', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name }) => name },
    { id: 'prefix', header: 'Starts with', narrow: 'sub', width: '8.5rem', compare: byText(({ prefix }) => prefix), cell: ({ prefix }) => <span className="mono muted">{prefix}…</span> },
    { id: 'project', header: 'Project', narrow: 'hidden', compare: byText(({ projectName }) => projectName ?? ''), cell: ({ projectName }) => projectName ?? <span className="muted">All</span> },
    { id: 'state', header: 'State', narrow: 'side', width: '7.5rem', compare: byText((key) => key.state), cell: (key) => <State tone={KEY_STATE[key.state].tone}>{KEY_STATE[key.state].word}</State> },
    { id: 'budget', header: 'Budget spent', width: '15rem', narrow: 'hidden', compare: (a, b) => Number(spent(a) - spent(b)), cell: ({ budget }) => (budget ? <BudgetMeter amount={budget.amount} spent={budget.spent} period={budget.period} currency={organisation.currency} /> : <span className="muted">No limit</span>) },
    { id: 'used', header: 'Last used', numeric: true, narrow: 'sub', width: '8rem', compare: byText(({ lastUsedAt }) => lastUsedAt ?? ''), cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
    { id: 'created', header: 'Made', numeric: true, narrow: 'hidden', width: '8rem', compare: byText(({ createdAt }) => createdAt), cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ], [organisation.currency]);
  return (
    <>
      <div className="filters">
        <Filter label="Filter keys" value={q} onChange={(value) => set({ q: value })} />
        <FilterSelect label="State" value={state} options={[['', 'Any state'], ['active', 'Active'], ['rotating', 'Rotating'], ['expired', 'Expired'], ['revoked', 'Revoked']]} onChange={(value) => set({ state: value })} />
        {shown.length === keys.length ? null : <p className="small muted" role="status">{count(shown.length)} of {count(keys.length)}</p>}
      </div>
      {shown.length === 0 ? <p className="none muted">No key fits the filter.</p> : (
        <Table label="Keys" columns={columns} rows={shown} rowKey={({ id }) => id} rowTo={({ id }) => `/keys/${id}`} sort={sort} onSort={(next) => set({ sort: next })} />
      )}
      <SameInTerminal line={commands.keys} />
    </>
  );
}
