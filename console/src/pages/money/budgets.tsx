import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { dayText, plural } from '../../lib/format.ts';
import { keyChoices } from '../../lib/key-names.ts';
import { exactMoney, parseMoney, plainAmount, shortMoney, widestFraction } from '../../lib/money.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ColumnMoney } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { BudgetMeter, periodText, windowText } from '../../ui/meter.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { countingOf, isByName, offeredIn, subjectOf, type Counting } from './counting.ts';
import { MoneyPage } from './frame.tsx';

type Budget = Schemas['Budget'];
type Body = BodyOf<'/api/budgets', 'post'>;
type SubjectKind = NonNullable<Budget['subject']>['kind'];
const COUNTINGS: readonly Counting<SubjectKind>[] = ['together', 'each key', 'each project', 'each user', 'each tag', 'each model', 'one user', 'one tag', 'one model'];
const KIND = { organisation: 'Organisation', project: 'Project', key: 'Key' } as const;
const badShares = (text: string): ApiError => new ApiError(0, { code: 'invalid_request', message: `“${text}” is not a list of whole percents from 1 to 100, such as 50, 80, 100.`, next: 'Correct the shares and try again.', param: 'alertShares' });
/** `50, 80, 100`; undefined for what is no list of percents. */
const parseShares = (text: string): number[] | undefined => {
  const parts = text.split(',').map((part) => part.trim().replace(/%$/, '')).filter((part) => part !== '').map(Number);
  return parts.every((share) => Number.isInteger(share) && share >= 1 && share <= 100) ? parts : undefined;
};
const badAmount = (text: string): ApiError => new ApiError(0, { code: 'invalid_request', message: `“${text}” is not an amount, such as 25 or 12.50.`, next: 'Correct the amount and try again.', param: 'amount' });

export function BudgetsPage() {
  const query = useQuery(queries.budgets);
  const project = useProject();
  const whyNot = useWhyNot('budgets.write');
  const [open, setOpen] = useState<'new' | Budget>();
  const rows = query.data?.items.filter(({ scope }) => project === undefined || scope.kind !== 'project' || scope.id === project);
  const lead = rows ? budgetsLead(rows) : query.error ? 'The budgets could not be read.' : 'Reading the budgets…';
  return (
    <MoneyPage title="Budgets" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Set a budget</Button>}>
      <Show query={{ data: rows, error: query.error, refetch: query.refetch }} bones={<TableBones columns={5} />}>
        {(budgets) => (budgets.length === 0 ? (
          <Empty title="Nothing limits spending yet" command={commands.budgetSet({ kind: 'organisation', name: '' }, '25', 'month')} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Set the first budget</Button>}>
            <p>A budget of the organisation, a project or a key, or of each key, project, user, tag or model in it, stops calls before they would overrun it.</p>
          </Empty>
        ) : <List rows={budgets} onOpen={setOpen} />)}
      </Show>
      {open === 'new' ? <NewBudget onClose={() => setOpen(undefined)} /> : open ? <ChangeBudget budget={open} whyNot={whyNot} onClose={() => setOpen(undefined)} /> : null}
    </MoneyPage>
  );
}

function budgetsLead(rows: readonly Budget[]): string {
  if (rows.length === 0) return 'No budget limits spending yet.';
  const spent = rows.filter(({ left }) => BigInt(left) <= 0n);
  const one = spent[0];
  if (one && spent.length === 1) return one.each === null ? `The budget of ${nameOf(one)} is spent: its calls are refused.` : `${whoSpent(one, one.each)} spent what they have: their calls are refused.`;
  if (one) return `${plural(spent.length, 'budget')} are spent: their calls are refused.`;
  const tightest = rows.reduce((least, budget) => (BigInt(budget.left) * BigInt(least.amount) < BigInt(least.left) * BigInt(budget.amount) ? budget : least));
  return `No budget is spent; the tightest, of ${nameOf(tightest)}, has ${shortMoney(tightest.left, tightest.currency)} left ${windowText(tightest.period)}.`;
}

/** `Acme`, `iOS app`; of a part of a scope in words: `each user of project default`. */
const nameOf = ({ scope, subject, holder }: Budget): string => (subject === null ? scope.name : holder);
const whoSpent = ({ subject }: Budget, { exhausted, names }: NonNullable<Budget['each']>): string => `${plural(exhausted, subject?.kind ?? 'name')} of ${names}`;
/** One that a budget for each counts. */
const ofEach = (name: string | null): string => (name === null ? 'further ones, together' : name === '' ? 'calls that name none' : name);

function List({ rows, onOpen }: { rows: readonly Budget[]; onOpen: (budget: Budget) => void }) {
  const [{ sort = 'name' }, set] = useUrlState();
  const decimals = useMemo(() => widestFraction(rows.map(({ left }) => left)), [rows]);
  const columns = useMemo((): Column<Budget>[] => [
    { id: 'name', header: 'Budget of', narrow: 'title', compare: (a, b) => nameOf(a).localeCompare(nameOf(b)), cell: (budget) => (
      <>{nameOf(budget)}<span className="muted beside">{budget.subject === null ? KIND[budget.scope.kind] : budget.each === null ? '' : budget.each.names === 0 ? 'nobody yet' : `most: ${ofEach(budget.each.most[0]?.label ?? null)}, of ${budget.each.names}`}</span></>
    ) },
    { id: 'spent', header: 'Spent and held', width: '20rem', narrow: 'sub', cell: (budget) => <BudgetMeter amount={budget.amount} spent={budget.spent} held={budget.held} period={budget.period} currency={budget.currency} /> },
    { id: 'until', header: 'Starts again', width: '9rem', narrow: 'hidden', compare: (a, b) => (a.windowEnd ?? '9').localeCompare(b.windowEnd ?? '9'), cell: ({ windowEnd }) => (windowEnd === null ? <span className="muted">never</span> : dayText(windowEnd)) },
    { id: 'left', header: 'Left', unit: rows[0]?.currency ?? '', numeric: true, narrow: 'side', compare: (a, b) => (BigInt(a.left) < BigInt(b.left) ? -1 : 1), cell: ({ left, currency }) => <ColumnMoney pico={left} decimals={decimals} currency={currency} /> },
  ], [decimals, rows]);
  return (
    <>
      <Table label="Budgets" columns={columns} rows={rows} rowKey={({ id }) => id} onRow={onOpen} sort={sort} onSort={(next) => set({ sort: next })} />
      <p className="small muted table-note">Spent is what was charged; held is reserved by running calls and by the server’s own slices, and comes back when they end. Of a budget for each, the one that spent most is shown.</p>
      <SameInTerminal line={commands.budgets} />
    </>
  );
}

function NewBudget({ onClose }: { onClose: () => void }) {
  const { organisation } = useWhoami();
  const projects = useQuery(queries.projects).data?.items ?? [];
  const keys = useInfiniteQuery(queries.keys).data?.pages.flatMap(({ items }) => items) ?? [];
  const scopes = [{ kind: 'organisation' as const, id: organisation.id, name: organisation.name, word: '' }, ...projects.map(({ id, name }) => ({ kind: 'project' as const, id, name, word: name })), ...keyChoices(keys.filter(({ state }) => state === 'active')).map((key) => ({ kind: 'key' as const, ...key }))];
  const [scope, setScope] = useState(organisation.id);
  const [amount, setAmount] = useState('');
  const [period, setPeriod] = useState<'day' | 'month' | 'total'>('month');
  const [counting, setCounting] = useState<Counting<SubjectKind>>('together');
  const [name, setName] = useState('');
  const chosen = scopes.find(({ id }) => id === scope) ?? scopes[0]!;
  const offered = offeredIn(COUNTINGS, chosen.kind);
  const used = offered.includes(counting) ? counting : 'together';
  const body = (): Body => ({ scope: { kind: chosen.kind, id: chosen.id }, subject: subjectOf(used, name), amount: (parseMoney(amount) ?? 0n).toString(), period });
  const create = useAction(async () => {
    if ((parseMoney(amount) ?? -1n) < 0n) throw badAmount(amount);
    return api.post('/api/budgets', { body: body() });
  }, ['budgets', 'keys', 'events']);
  return (
    <Dialog title="Set a budget" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((budget) => {
          if (!budget) return;
          announce(`${nameOf(budget)} has a budget of ${exactMoney(budget.amount, budget.currency)}`);
          onClose();
        });
      }}>
        <Field label="Budget of">{(field) => <select {...field} value={scope} onChange={(event) => setScope(event.target.value)}>{scopes.map(({ kind, id, name }) => <option key={id} value={id}>{KIND[kind]}: {name}</option>)}</select>}</Field>
        <div className="pair">
          <Field label="Counted">{(field) => <select {...field} value={used} onChange={(event) => setCounting(event.target.value as Counting<SubjectKind>)}>{offered.map((one) => <option key={one} value={one}>{one}</option>)}</select>}</Field>
          {isByName(used) ? <Field label={`Name of the ${used.slice(4)}`}>{(field) => <input {...field} required value={name} onChange={(event) => setName(event.target.value)} />}</Field> : null}
        </div>
        <div className="pair">
          <Field label={`Amount, ${organisation.currency}`} error={create.error?.param === 'amount' ? create.error.message : undefined}>{(field) => <input {...field} inputMode="decimal" className="num" placeholder="25.00" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
          <Field label="For">{(field) => <select {...field} value={period} onChange={(event) => setPeriod(event.target.value as 'day' | 'month' | 'total')}><option value="month">each month</option><option value="day">each day</option><option value="total">all time</option></select>}</Field>
        </div>
        <p className="muted small">Calls are refused before the budget would be overrun, also when thousands run at once.</p>
        {create.error && create.error.param !== 'amount' ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Set the budget</Button></div>
        <SameInTerminal line={commands.budgetSet({ ...chosen, name: chosen.word }, amount, period, { counting: used, name })} />
      </form>
    </Dialog>
  );
}

/** Who of a budget for each has spent most. */
function MostSpent({ budget: { amount, period, currency, subject }, each: { names, exhausted, most } }: { budget: Budget; each: NonNullable<Budget['each']> }) {
  const kind = subject?.kind ?? 'name';
  return (
    <>
      <p className="small muted">{names === 0 ? `No ${kind} has called in this window.` : `${plural(names, kind)} in this window, ${exhausted} with nothing left. Those that spent most:`}</p>
      {most.map(({ name, label, spent, held }) => (
        <div className="pair" key={name ?? '\u0000'}><span>{ofEach(label)}</span><BudgetMeter amount={amount} spent={spent} held={held} period={period} currency={currency} /></div>
      ))}
    </>
  );
}

function ChangeBudget({ budget, whyNot, onClose }: { budget: Budget; whyNot: string | undefined; onClose: () => void }) {
  const [amount, setAmount] = useState(plainAmount(budget.amount));
  const [alerts, setAlerts] = useState(budget.alertShares.join(', '));
  const [removing, setRemoving] = useState(false);
  const save = useAction(async () => {
    const pico = parseMoney(amount);
    if (pico === undefined || pico < 0n) throw badAmount(amount);
    const alertShares = parseShares(alerts);
    if (alertShares === undefined) throw badShares(alerts);
    return api.patch('/api/budgets/{id}', { path: { id: budget.id }, body: { amount: pico.toString(), alertShares } });
  }, ['budgets', 'keys', 'events']);
  const client = useQueryClient();
  if (removing) {
    return (
      <ConfirmDialog title={`Remove the budget of ${nameOf(budget)}?`} name={nameOf(budget)} action="Remove the budget" command={commands.budgetRemove(budget.id)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/budgets/{id}', { path: { id: budget.id } });
          await client.invalidateQueries({ queryKey: ['budgets'] });
        }}>
        <p>Nothing limits its spending afterwards but the budgets above it. What was counted in this window is lost with it.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={`Budget of ${nameOf(budget)}`} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined) void save.run().then((done) => done && onClose());
      }}>
        <BudgetMeter amount={budget.amount} spent={budget.spent} held={budget.held} period={budget.period} currency={budget.currency} />
        {budget.each === null ? null : <MostSpent budget={budget} each={budget.each} />}
        <Field label={`Amount ${periodText(budget.period)}, ${budget.currency}`} hint="Less than what is spent already stops its calls at once." error={save.error?.param === 'amount' ? save.error.message : undefined}>{(field) => <input {...field} inputMode="decimal" className="num" value={amount} onChange={(event) => setAmount(event.target.value)} />}</Field>
        <Field label="Tell webhooks at, % of the amount" hint="Such as 50, 80, 100: once a window each. Empty: at none." error={save.error?.param === 'alertShares' ? save.error.message : undefined}>{(field) => <input {...field} className="num" value={alerts} onChange={(event) => setAlerts(event.target.value)} />}</Field>
        {save.error && save.error.param !== 'amount' && save.error.param !== 'alertShares' ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button kind="danger" why={whyNot} onClick={() => setRemoving(true)}>Remove</Button><span className="grow" /><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy} aria-disabled={whyNot !== undefined || undefined}>Save</Button></div>
        <SameInTerminal line={commands.budgetSet(budget.scope, amount, budget.period, { alert: alerts.replaceAll(' ', '') || (budget.alertShares.length > 0 ? '0' : undefined), counting: countingOf(budget.subject), name: budget.subject?.name ?? '' })} />
      </form>
    </Dialog>
  );
}
