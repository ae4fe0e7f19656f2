import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { monthText, plural, recentMonths } from '../../lib/format.ts';
import { shortMoney, widestFraction } from '../../lib/money.ts';
import { useUrlState } from '../../lib/url.ts';
import { ColumnMoney, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { MoneyPage } from './frame.tsx';

type Invoice = Schemas['Invoice'];

export function InvoicesPage() {
  const query = useQuery(queries.invoices);
  const whyNot = useWhyNot('bill.write');
  const past = recentMonths(useNow(3_600_000), 13).slice(1);
  const [closing, setClosing] = useState(false);
  const rows = query.data?.items;
  const closed = new Set(rows?.map(({ month }) => month));
  const open = past.filter((month) => !closed.has(month));
  const latest = rows?.[0];
  const lead = rows ? (latest ? `${plural(rows.length, 'month')} ${rows.length === 1 ? 'is' : 'are'} closed; the latest, ${monthText(latest.month)}, came to ${shortMoney(latest.due, latest.currency)}.` : 'No month is closed into an invoice yet.')
    : query.error ? 'The invoices could not be read.' : 'Reading the invoices…';
  return (
    <MoneyPage title="Invoices" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button why={whyNot} onClick={() => setClosing(true)}>Close a month</Button>}>
      <Show query={query} bones={<TableBones columns={6} />}>
        {({ items }) => (items.length === 0
          ? <Empty title="A month that is over closes into an invoice" command={commands.billClose(past[0] ?? '')} action={<Button kind="primary" why={whyNot} onClick={() => setClosing(true)}>Close a month</Button>}><p>An invoice has a number and is never changed; what comes later is an adjustment with a reason.</p></Empty>
          : <List rows={items} />)}
      </Show>
      {closing ? <CloseMonth months={open.length === 0 ? past : open} onClose={() => setClosing(false)} /> : null}
    </MoneyPage>
  );
}

function List({ rows }: { rows: readonly Invoice[] }) {
  const [{ sort = '-month' }, set] = useUrlState();
  const money = (id: 'total' | 'credits' | 'adjustments' | 'due', header: string, narrow: 'hidden' | 'side'): Column<Invoice> => ({
    id, header, unit: rows[0]?.currency ?? '', numeric: true, narrow, compare: (a, b) => (BigInt(a[id]) < BigInt(b[id]) ? -1 : 1), cell: (invoice) => <ColumnMoney pico={invoice[id]} decimals={widestFraction(rows.map((one) => one[id]))} currency={invoice.currency} />,
  });
  const columns: Column<Invoice>[] = [
    { id: 'number', header: 'Invoice', narrow: 'title', compare: (a, b) => a.number.localeCompare(b.number), cell: ({ number }) => <span className="mono">{number}</span> },
    { id: 'month', header: 'Month', narrow: 'sub', compare: (a, b) => a.month.localeCompare(b.month), cell: ({ month }) => monthText(month) },
    { id: 'closed', header: 'Closed', narrow: 'sub', compare: (a, b) => a.closedAt.localeCompare(b.closedAt), cell: ({ closedAt }) => <When at={closedAt} /> },
    money('total', 'Charged', 'hidden'), money('credits', 'Credits', 'hidden'), money('adjustments', 'Adjustments', 'hidden'), money('due', 'Due', 'side'),
  ];
  return (
    <>
      <Table label="Invoices" columns={columns} rows={rows} rowKey={({ id }) => id} rowTo={({ id }) => `/money/invoices/${id}`} sort={sort} onSort={(next) => set({ sort: next })} />
      <SameInTerminal line={commands.invoices} />
    </>
  );
}

function CloseMonth({ months, onClose }: { months: readonly string[]; onClose: () => void }) {
  const [month, setMonth] = useState(months[0] ?? '');
  const bill = useQuery({ ...queries.bill(month), enabled: month !== '' });
  const close = useAction(() => api.post('/api/invoices', { body: { month } }), ['usage', 'events']);
  return (
    <Dialog title="Close a month" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void close.run().then((invoice) => {
          if (!invoice) return;
          announce(`${monthText(invoice.month)} is invoice ${invoice.number}`);
          onClose();
        });
      }}>
        <p>The month becomes a numbered invoice that is never changed. What comes to light later is an adjustment with a reason and an author.</p>
        <Field label="Month" hint={bill.data ? `It came to ${shortMoney(bill.data.total, bill.data.currency)} for ${plural(bill.data.requests, 'request')}.` : 'Reading what it came to…'}>{(field) => <select {...field} value={month} onChange={(event) => setMonth(event.target.value)}>{months.map((one) => <option key={one} value={one}>{monthText(one)}</option>)}</select>}</Field>
        {close.error ? <ErrorNotice error={close.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it open</Button><Button kind="primary" type="submit" busy={close.busy}>Close {month === '' ? '' : monthText(month)}</Button></div>
        <SameInTerminal line={commands.billClose(month)} />
      </form>
    </Dialog>
  );
}
