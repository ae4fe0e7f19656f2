import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { newId } from '../../lib/id.ts';
import { dayText, plural } from '../../lib/format.ts';
import { exactMoney, parseMoney, shortMoney, widestFraction } from '../../lib/money.ts';
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

type Credit = Schemas['Credit'];

export function CreditsPage() {
  const query = useQuery(queries.credits);
  const whyNot = useWhyNot('bill.write');
  const [open, setOpen] = useState(false);
  const rows = query.data?.items;
  const lead = rows ? creditsLead(rows) : query.error ? 'The credits could not be read.' : 'Reading the credits…';
  return (
    <MoneyPage title="Credits" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen(true)}>Add credit</Button>}>
      <Show query={query} bones={<TableBones columns={5} />}>
        {({ items }) => (items.length === 0
          ? <Empty title="No credit was ever added" command={commands.billCredit('100', { grant: false, expires: '', reason: 'Paid in advance' })} action={<Button kind="primary" why={whyNot} onClick={() => setOpen(true)}>Add the first credit</Button>}><p>Prepaid credit and grants are used before anything is due, those that expire first before the others.</p></Empty>
          : <List rows={items} />)}
      </Show>
      {open ? <AddCredit onClose={() => setOpen(false)} /> : null}
    </MoneyPage>
  );
}

function creditsLead(rows: readonly Credit[]): string {
  const first = rows[0];
  if (!first) return 'There is no credit; usage is billed at the end of the month.';
  const left = rows.reduce((sum, credit) => sum + BigInt(credit.left), 0n);
  const next = rows.filter(({ expiresAt, left: rest }) => expiresAt !== null && rest !== '0').sort((a, b) => (a.expiresAt ?? '').localeCompare(b.expiresAt ?? ''))[0];
  return left <= 0n ? 'All credit is used.' : `${shortMoney(left, first.currency)} of credit is left${next?.expiresAt ? `; ${BigInt(next.left) === left ? 'all' : shortMoney(next.left, next.currency)} of it expires on ${dayText(next.expiresAt)}` : ''}.`;
}

function List({ rows }: { rows: readonly Credit[] }) {
  const [{ sort = '-granted' }, set] = useUrlState();
  const decimals = useMemo(() => ({ amount: widestFraction(rows.map(({ amount }) => amount)), left: widestFraction(rows.map(({ left }) => left)) }), [rows]);
  const columns = useMemo((): Column<Credit>[] => [
    { id: 'reason', header: 'Reason', narrow: 'title', compare: (a, b) => a.reason.localeCompare(b.reason), cell: ({ reason, kind }) => <>{reason}<span className="muted beside">{kind}</span></> },
    { id: 'author', header: 'By', narrow: 'hidden', compare: (a, b) => a.author.localeCompare(b.author), cell: ({ author }) => author },
    { id: 'granted', header: 'Added', narrow: 'sub', compare: (a, b) => a.grantedAt.localeCompare(b.grantedAt), cell: ({ grantedAt }) => <When at={grantedAt} /> },
    { id: 'expires', header: 'Expires', narrow: 'sub', compare: (a, b) => (a.expiresAt ?? '9').localeCompare(b.expiresAt ?? '9'), cell: ({ expiresAt }) => (expiresAt === null ? <span className="muted">never</span> : dayText(expiresAt)) },
    { id: 'amount', header: 'Amount', unit: rows[0]?.currency ?? '', numeric: true, narrow: 'hidden', compare: (a, b) => (BigInt(a.amount) < BigInt(b.amount) ? -1 : 1), cell: ({ amount, currency }) => <ColumnMoney pico={amount} decimals={decimals.amount} currency={currency} /> },
    { id: 'left', header: 'Left', unit: rows[0]?.currency ?? '', numeric: true, narrow: 'side', compare: (a, b) => (BigInt(a.left) < BigInt(b.left) ? -1 : 1), cell: ({ left, currency }) => <ColumnMoney pico={left} decimals={decimals.left} currency={currency} /> },
  ], [rows, decimals]);
  return <><Table label="Credits" columns={columns} rows={rows} rowKey={({ id }) => id} sort={sort} onSort={(next) => set({ sort: next })} /><p className="small muted table-note">{plural(rows.length, 'entry', 'entries')} of the ledger, never changed.</p><SameInTerminal line={commands.credits} /></>;
}

function AddCredit({ onClose }: { onClose: () => void }) {
  const { organisation } = useWhoami();
  // Made once per dialog: pressing the button twice credits once.
  const [id] = useState(() => newId());
  const [kind, setKind] = useState<'prepaid' | 'grant'>('prepaid');
  const [amount, setAmount] = useState('');
  const [expires, setExpires] = useState('');
  const [reason, setReason] = useState('');
  const body: BodyOf<'/api/credits', 'post'> = { id, kind, amount: (parseMoney(amount) ?? 0n).toString(), expiresAt: expires === '' ? null : `${expires}T00:00:00.000Z`, reason: reason.trim() };
  const add = useAction(async () => {
    if ((parseMoney(amount) ?? 0n) <= 0n) throw new ApiError(0, { code: 'invalid_request', message: `“${amount}” is not an amount, such as 100.`, next: 'Correct the amount and try again.', param: 'amount' });
    return api.post('/api/credits', { body });
  }, ['usage', 'events']);
  const wrong = (param: string): string | undefined => (add.error?.param === param ? add.error.message : undefined);
  return (
    <Dialog title="Add credit" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void add.run().then((credit) => {
          if (!credit) return;
          announce(`${exactMoney(credit.amount, credit.currency)} of credit is added`);
          onClose();
        });
      }}>
        <div className="pair">
          <Field label={`Amount, ${organisation.currency}`} error={wrong('amount')}>{(field) => <input {...field} inputMode="decimal" className="num" placeholder="100.00" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
          <Field label="Kind">{(field) => <select {...field} value={kind} onChange={(event) => setKind(event.target.value === 'grant' ? 'grant' : 'prepaid')}><option value="prepaid">prepaid: it was paid for</option><option value="grant">grant: it is given</option></select>}</Field>
        </div>
        <Field label="Reason" error={wrong('reason')}>{(field) => <input {...field} maxLength={100} value={reason} onChange={(event) => setReason(event.target.value)} />}</Field>
        <Field label="Expires" hint="The start of that day, UTC. Empty: never." error={wrong('expiresAt')}>{(field) => <input {...field} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}</Field>
        {add.error && ['amount', 'reason', 'expiresAt'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={add.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={add.busy}>Add the credit</Button></div>
        <SameInTerminal line={commands.billCredit(amount, { grant: kind === 'grant', expires, reason })} />
      </form>
    </Dialog>
  );
}
