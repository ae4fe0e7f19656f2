import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { count, monthText } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { parseMoney, plainAmount, shortMoney, widestFraction } from '../../lib/money.ts';
import { ColumnMoney, Money, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';

type Invoice = ReplyOf<'/api/invoices/{id}', 'get'>;

export function InvoicePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.invoice(id));
  const whyNot = useWhyNot('bill.write');
  const [adjusting, setAdjusting] = useState(false);
  const data = query.data;
  const lead = data ? `${monthText(data.month)} came to ${shortMoney(data.due, data.currency)}, due on invoice ${data.number}.` : query.error ? 'The invoice could not be read.' : 'Reading the invoice…';
  return (
    <Page title={data?.number ?? 'Invoice'} up={{ to: '/money/invoices', title: 'Invoices' }} lead={lead} busy={!data && !query.error} actions={<Button why={whyNot} onClick={() => setAdjusting(true)}>Adjust it</Button>}>
      <Show query={query} bones={<TableBones columns={5} />}>
        {(invoice) => (
          <>
            <Facts items={[
              ['Charged', <Money key="total" pico={invoice.total} currency={invoice.currency} />], ['Paid by credits', <Money key="credits" pico={invoice.credits} currency={invoice.currency} />],
              ['Adjustments', <Money key="adjustments" pico={invoice.adjustments} currency={invoice.currency} />], ['Due', <strong key="due"><Money pico={invoice.due} currency={invoice.currency} /></strong>],
              ['Closed', <When key="closed" at={invoice.closedAt} />], ['Digest', <code key="hash" className="break">{invoice.hash}</code>],
            ]} />
            <Lines invoice={invoice} />
            <Section title="What was changed since?" note="The invoice stays as it was closed; these are added to what is due.">
              {invoice.adjustmentList.length === 0 ? <p className="none muted">Nothing. The invoice stands as it was closed.</p> : (
                <Table label="Adjustments" rows={invoice.adjustmentList} rowKey={(one) => one.id} columns={[
                  { id: 'reason', compare: byText(({ reason }) => reason), header: 'Reason', narrow: 'title', cell: ({ reason }) => reason },
                  { id: 'author', compare: byText(({ author }) => author), header: 'By', narrow: 'sub', width: '14rem', cell: ({ author }) => author },
                  { id: 'at', compare: byText(({ at }) => at), header: 'When', narrow: 'sub', width: '11rem', cell: ({ at }) => <When at={at} /> },
                  { id: 'amount', compare: byNumber(({ amount }) => amount), header: 'Amount', unit: invoice.currency, numeric: true, narrow: 'side', width: '12rem', cell: ({ amount }) => <ColumnMoney pico={amount} decimals={widestFraction(invoice.adjustmentList.map((one) => one.amount))} currency={invoice.currency} /> },
                ]} />
              )}
            </Section>
            <SameInTerminal line={apiCall('GET', `/api/invoices/${id}`)} />
            {adjusting ? <Adjust invoice={invoice} onClose={() => setAdjusting(false)} /> : null}
          </>
        )}
      </Show>
    </Page>
  );
}

function Lines({ invoice }: { invoice: Invoice }) {
  const decimals = useMemo(() => widestFraction(invoice.lines.map(({ charge }) => charge)), [invoice.lines]);
  return (
    <Section title="What is it for?">
      <Table label={`Lines of ${invoice.number}`} rows={invoice.lines} rowKey={(line) => `${line.projectId} ${line.keyId ?? ''} ${line.resource}`} columns={[
        { id: 'project', compare: byText(({ projectName }) => projectName), header: 'Project', narrow: 'sub', cell: ({ projectName }) => projectName },
        { id: 'key', compare: byText(({ keyName }) => keyName ?? ''), header: 'Key', narrow: 'sub', cell: ({ keyName }) => keyName ?? <span className="muted">Console and services</span> },
        { id: 'model', compare: byText(({ resource }) => resource), header: 'Model', narrow: 'title', cell: ({ resource }) => <span className="mono">{resource}</span> },
        { id: 'requests', compare: byNumber(({ requests }) => requests), header: 'Requests', numeric: true, narrow: 'hidden', cell: ({ requests }) => (requests === '0' ? <span className="muted">–</span> : <span className="num">{count(requests)}</span>) },
        { id: 'charge', compare: byNumber(({ charge }) => charge), header: 'Charged', unit: invoice.currency, numeric: true, narrow: 'side', cell: ({ charge }) => <ColumnMoney pico={charge} decimals={decimals} currency={invoice.currency} /> },
      ]} />
    </Section>
  );
}

function Adjust({ invoice, onClose }: { invoice: Invoice; onClose: () => void }) {
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  const pico = parseMoney(amount.replace('−', '-'));
  const body = { amount: (pico ?? 0n).toString(), reason: reason.trim() };
  const adjust = useAction(async () => {
    if (pico === undefined || pico === 0n) throw new ApiError(0, { code: 'invalid_request', message: `“${amount}” is not an amount, such as −4.20.`, next: 'Correct the amount and try again.', param: 'amount' });
    return api.post('/api/invoices/{id}/adjustments', { path: { id: invoice.id }, body });
  }, ['usage', 'events']);
  const wrong = (param: string): string | undefined => (adjust.error?.param === param ? adjust.error.message : undefined);
  return (
    <Dialog title={`Adjust invoice ${invoice.number}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void adjust.run().then((done) => {
          if (!done) return;
          announce('The adjustment is on the invoice');
          onClose();
        });
      }}>
        <p>It stays beside the invoice for good, with your name. It cannot be taken back, only set off by another one.</p>
        <Field label={`Amount, ${invoice.currency}`} hint="With a minus sign it lowers what is due." error={wrong('amount')}>{(field) => <input {...field} inputMode="decimal" className="num" placeholder="-4.20" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
        <Field label="Reason" error={wrong('reason')}>{(field) => <input {...field} maxLength={300} value={reason} onChange={(event) => setReason(event.target.value)} />}</Field>
        {adjust.error && wrong('amount') === undefined && wrong('reason') === undefined ? <ErrorNotice error={adjust.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={adjust.busy}>Adjust the invoice</Button></div>
        <SameInTerminal line={commands.billAdjust(invoice.number, pico === undefined ? '' : plainAmount(pico), reason)} />
      </form>
    </Dialog>
  );
}
