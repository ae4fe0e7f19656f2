import { useQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useMemo } from 'react';
import { api, asApiError } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { toCsv } from '../../lib/csv.ts';
import { count, exactTime, monthText, plural, recentMonths } from '../../lib/format.ts';
import { exactMoney, plainAmount, shortMoney, widestFraction } from '../../lib/money.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ColumnMoney, Money } from '../../ui/amount.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { FilterSelect } from '../../ui/filter.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { FactBones, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { Choice } from '../../ui/tabs.tsx';
import { MoneyPage } from './frame.tsx';
import { groupBill } from './group.ts';
import type { BillRow, GroupBy } from './group.ts';

type Bill = Schemas['Bill'];
const GROUPS: readonly (readonly [GroupBy, string])[] = [['project', 'Project'], ['key', 'Key'], ['model', 'Model'], ['line', 'Every line']];
const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

export function BillPage() {
  const months = recentMonths(useNow(3_600_000), 24);
  const [{ month = months[0]!, by: grouped }, set] = useUrlState();
  const by = GROUPS.find(([name]) => name === grouped)?.[0] ?? 'project';
  const query = useQuery(queries.bill(month));
  const project = useProject();
  const data = query.data;
  const lead = data ? billLead(data) : query.error ? 'The bill could not be read.' : `Reading the bill of ${monthText(month)}…`;
  return (
    <MoneyPage title="Bill" lead={lead} busy={!data && !query.error}>
      <div className="filters">
        <FilterSelect label="Month" value={month} options={[...new Set([month, ...months])].map((one) => [one, monthText(one)] as const)} onChange={(value) => set({ month: value })} />
        <Choice label="Add up by" value={by} options={GROUPS} onChange={(value) => set({ by: value })} />
      </div>
      <Show query={query} bones={<><FactBones /><TableBones columns={6} /></>}>
        {(bill) => (
          <>
            <div className="figures">
              <Figure label="Charged" pico={bill.total} currency={bill.currency} note={plural(bill.requests, 'request')} />
              <Figure label="Paid by credits" pico={bill.credits.applied} currency={bill.currency} note={<><Money pico={bill.credits.available} currency={bill.currency} /> of credit left</>} />
              <Figure label="Adjustments" pico={bill.adjustments} currency={bill.currency} note={bill.invoiceNumber === null ? 'none before the month closes' : `on invoice ${bill.invoiceNumber}`} />
              <Figure label="Due" pico={bill.due} currency={bill.currency} note={bill.state === 'open' ? 'the month is open' : 'the month is closed'} />
            </div>
            <Lines bill={bill} by={by} project={project} />
          </>
        )}
      </Show>
    </MoneyPage>
  );
}

function billLead(bill: Bill): string {
  if (bill.lines.length === 0) return `Nothing was charged in ${monthText(bill.month)}.`;
  const sum = shortMoney(bill.total, bill.currency);
  return bill.state === 'closed' ? `${monthText(bill.month)} cost ${sum}; it is closed as invoice ${bill.invoiceNumber ?? ''}.` : `${monthText(bill.month)} has cost ${sum} so far, for ${plural(bill.requests, 'request')}.`;
}

function Figure({ label, pico, currency, note }: { label: string; pico: string; currency: string; note: React.ReactNode }) {
  return <div className="figure"><span className="figure-label">{label}</span><span className="figure-value"><Money pico={pico} currency={currency} /></span><span className="figure-note">{note}</span></div>;
}

function Lines({ bill, by, project }: { bill: Bill; by: GroupBy; project: string | undefined }) {
  const [{ sort = '-charge' }, set] = useUrlState();
  const rows = useMemo(() => groupBill(bill.lines.filter(({ projectId }) => project === undefined || projectId === project), by), [bill.lines, by, project]);
  const sum = useMemo(() => rows.reduce((total, { charge }) => total + charge, 0n), [rows]);
  const decimals = useMemo(() => widestFraction([sum, ...rows.map(({ charge }) => charge)]), [rows, sum]);
  const costDecimals = useMemo(() => widestFraction(rows.flatMap(({ cost }) => (cost === null ? [] : [cost]))), [rows]);
  const marginDecimals = useMemo(() => widestFraction(rows.flatMap((row) => marginOf(row) ?? [])), [rows]);
  const seesCosts = bill.margin !== undefined;
  const costs = useMemo((): Column<BillRow>[] => [
    { id: 'cost', header: 'Our cost', unit: bill.currency, numeric: true, narrow: 'hidden', compare: (a, b) => order(a.cost ?? -1n, b.cost ?? -1n), cell: ({ cost }) => (cost === null ? <span className="muted">unknown</span> : <ColumnMoney pico={cost} decimals={costDecimals} currency={bill.currency} />) },
    { id: 'margin', header: 'Margin', unit: bill.currency, numeric: true, narrow: 'hidden', compare: (a, b) => order(marginOf(a) ?? -1n, marginOf(b) ?? -1n), cell: (row) => (row.cost === null ? <span className="muted">unknown</span> : <ColumnMoney pico={row.charge - row.cost} decimals={marginDecimals} currency={bill.currency} />) },
  ], [costDecimals, marginDecimals, bill.currency]);
  const columns = useMemo((): Column<BillRow>[] => [
    { id: 'name', header: GROUPS.find(([name]) => name === by)?.[1].replace('Every line', 'Key') ?? '', narrow: 'title', compare: (a, b) => a.name.localeCompare(b.name) || a.note.localeCompare(b.note),
      cell: ({ name, note }) => <><span className={by === 'model' ? 'mono' : undefined}>{name}</span>{note === '' ? null : <span className="muted beside">{note}</span>}</> },
    { id: 'requests', header: 'Requests', numeric: true, narrow: 'sub', compare: (a, b) => order(a.requests, b.requests), cell: ({ requests }) => (requests === 0n ? <span className="muted">–</span> : <span className="num">{count(requests)}<span className="narrow-only"> requests</span></span>) },
    { id: 'in', header: 'In', unit: 'tokens', numeric: true, narrow: 'hidden', compare: (a, b) => order(a.tokensIn, b.tokensIn), cell: ({ tokensIn }) => <span className="num">{count(tokensIn)}</span> },
    { id: 'cached', header: 'Cached', unit: 'tokens', numeric: true, narrow: 'hidden', compare: (a, b) => order(a.cached, b.cached), cell: ({ cached }) => <span className="num">{count(cached)}</span> },
    { id: 'out', header: 'Out', unit: 'tokens', numeric: true, narrow: 'hidden', compare: (a, b) => order(a.tokensOut, b.tokensOut), cell: ({ tokensOut }) => <span className="num">{count(tokensOut)}</span> },
    ...(seesCosts ? costs : []),
    { id: 'charge', header: 'Charged', unit: bill.currency, numeric: true, narrow: 'side', compare: (a, b) => order(a.charge, b.charge), cell: ({ charge }) => <ColumnMoney pico={charge} decimals={decimals} currency={bill.currency} /> },
  ], [by, decimals, seesCosts, costs, bill.currency]);
  if (rows.length === 0) {
    return <Empty title={`No line in ${monthText(bill.month)}`} command={commands.chat('What is the capital of France?')} action={<ButtonLink to="/playground" kind="primary">Ask in the playground</ButtonLink>}><p>Each answer of a model adds to a line here, exact to the last digit, within five seconds. The first one:</p></Empty>;
  }
  return (
    <>
      <Table label={`Bill of ${monthText(bill.month)}`} columns={columns} rows={rows} rowKey={({ id }) => id} sort={sort} onSort={(next) => set({ sort: next })}
        {...(by === 'key' || by === 'line' ? { rowTo: ({ keyId }: BillRow) => (keyId === null ? '/keys' : `/keys/${keyId}`) } : {})}
        footer={<tr role="row"><td role="cell" className="n-title" colSpan={columns.length - 1}>Sum of {plural(rows.length, 'line')}</td><td role="cell" className="numeric n-side"><ColumnMoney pico={sum} decimals={decimals} currency={bill.currency} /></td></tr>} />
      <div className="under-table">
        <p className="small muted">{bill.machine === undefined || bill.machine === '0' ? '' : `The leased machines that served calls of this month cost ${exactMoney(bill.machine, bill.currency)} for them: that is paid as leases, and in none of these figures. `}{bill.rounding} {bill.postedThrough === null ? '' : `Everything that ended before ${exactTime(bill.postedThrough)} is in it.`}</p>
        <CopyButton text={billCsv(rows, by, bill.currency, seesCosts)} label="the table as CSV">Copy as CSV</CopyButton>
      </div>
      <Verify month={bill.month} currency={bill.currency} />
    </>
  );
}

/** What is left of the charge after our cost; null where that is unknown. */
const marginOf = ({ charge, cost }: BillRow): bigint | null => (cost === null ? null : charge - cost);

function billCsv(rows: readonly BillRow[], by: GroupBy, currency: string, seesCosts: boolean): string {
  return toCsv([by, 'of', 'requests', 'input tokens', 'cached tokens', 'output tokens', ...(seesCosts ? [`cost ${currency}`, `margin ${currency}`] : []), `charged ${currency}`],
    rows.map((row) => [row.name, row.note, String(row.requests), String(row.tokensIn), String(row.cached), String(row.tokensOut), ...(seesCosts ? [row.cost === null ? '' : plainAmount(row.cost), row.cost === null ? '' : plainAmount(row.charge - row.cost)] : []), plainAmount(row.charge)]));
}

/** Recomputes everything from raw events, as `bill --verify` does. */
function Verify({ month, currency }: { month: string; currency: string }) {
  const result = useQuery({ queryKey: ['verify'], queryFn: () => api.get('/api/bill/verify'), enabled: false });
  const shown = result.data;
  return (
    <section className="section">
      <header className="section-head">
        <div><h2>Is the bill right?</h2><p className="muted small">Charges, roll-ups, counters and invoices, recomputed from every raw event.</p></div>
        <Button icon={<ShieldCheck size={16} aria-hidden />} busy={result.isFetching} onClick={() => void result.refetch()}>{result.isFetching ? 'Recomputing…' : 'Verify now'}</Button>
      </header>
      {shown ? (
        <>
          <p className="verify-lead"><State tone={shown.ok ? 'good' : 'bad'}>{shown.ok ? 'It is right' : 'It differs'}</State> Difference {exactMoney(shown.difference, currency)}.{shown.firstFault === null ? '' : ` First fault: ${shown.firstFault}`}</p>
          <Table label="What was recomputed" rows={shown.checks} rowKey={({ id }) => id} columns={[
            { id: 'title', header: 'Check', narrow: 'title', cell: ({ title }) => title },
            { id: 'state', header: 'Result', narrow: 'side', width: '8rem', cell: ({ state, detail }) => <State tone={state === 'pass' ? 'good' : 'bad'} title={detail ?? undefined}>{state === 'pass' ? 'Right' : 'Wrong'}</State> },
            { id: 'checked', header: 'Checked', numeric: true, narrow: 'sub', width: '9rem', cell: ({ checked }) => <span className="num">{count(checked)}</span> },
            { id: 'difference', header: 'Difference', unit: currency, numeric: true, narrow: 'sub', width: '12rem', cell: ({ difference }) => <ColumnMoney pico={difference} decimals={2} currency={currency} /> },
          ]} />
          {shown.lostToCrashes.calls === '0' ? null : <p className="small muted">{shown.lostToCrashes.note}</p>}
        </>
      ) : null}
      {result.error ? <ErrorNotice error={asApiError(result.error)} onRetry={() => void result.refetch()} /> : null}
      <SameInTerminal line={`${commands.bill(month)} && ${commands.billVerify}`} />
    </section>
  );
}
