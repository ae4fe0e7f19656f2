import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Pencil, RotateCw, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { count, relativeTime } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { shortMoney, widestFraction } from '../../lib/money.ts';
import { Ago, ColumnMoney, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { BudgetMeter, windowText } from '../../ui/meter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { outcomeOf } from '../models/outcome.ts';
import { EditKey, RotateKey } from './change.tsx';
import { KEY_STATE, keyIsOver } from './state.ts';
import type { Key } from './state.ts';

type Open = 'rotate' | 'revoke' | 'edit';

export function KeyPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.key(id));
  const { organisation } = useWhoami();
  const now = useNow();
  const [open, setOpen] = useState<Open>();
  const navigate = useNavigate();
  const whyNot = useWhyNot('keys.write');
  const key = query.data;
  const over = whyNot ?? (key ? keyIsOver(key) : 'The key is not read yet.');
  const lead = key ? keyLead(key, organisation.currency, now) : query.error ? 'The key could not be read.' : 'Reading the key…';
  return (
    <Page title={key?.name ?? 'Key'} up={{ to: '/keys', title: 'Keys' }} lead={lead} busy={!key && !query.error}
      actions={<>
        <Button icon={<Pencil size={16} aria-hidden />} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen('edit')}>Change</Button>
        <Button icon={<RotateCw size={16} aria-hidden />} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen('rotate')}>Rotate</Button>
        <Button kind="danger" icon={<Trash2 size={16} aria-hidden />} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen('revoke')}>Revoke</Button>
      </>}>
      <Show query={query} bones={<div className="facts">{Array.from({ length: 8 }, (_, index) => <div key={index}><Bone width={90} /><Bone width={180} /></div>)}</div>}>
        {(shown) => (
          <>
            {over !== undefined ? <p className="muted small why-line">{over}</p> : null}
            <KeyFacts shown={shown} currency={organisation.currency} />
            <Calls keyId={shown.id} name={shown.name} />
            {open === 'edit' ? <EditKey shown={shown} onClose={() => setOpen(undefined)} /> : null}
            {open === 'rotate' ? <RotateKey shown={shown} onClose={() => setOpen(undefined)} onDone={(made) => {
              setOpen(undefined);
              void navigate({ to: `/keys/${made}` });
            }} /> : null}
            {open === 'revoke' ? (
              <ConfirmDialog title={`Revoke ${shown.name}?`} name={shown.name} action="Revoke the key" command={commands.keyRevoke(shown.id)} onClose={() => setOpen(undefined)}
                onConfirm={async () => {
                  await api.delete('/api/keys/{id}', { path: { id: shown.id } });
                  await query.refetch();
                  announce(`${shown.name} is revoked`);
                }}>
                <p>Every call with it is refused within a second, everywhere. This cannot be undone. What it has spent stays on the bill.</p>
              </ConfirmDialog>
            ) : null}
          </>
        )}
      </Show>
    </Page>
  );
}

function keyLead(key: Key, currency: string, now: number): string {
  if (key.state === 'revoked') return `${key.name} was revoked ${key.revokedAt === null ? '' : relativeTime(key.revokedAt, now)} and opens nothing any more.`;
  if (key.state === 'expired') return `${key.name} expired ${key.expiresAt === null ? '' : relativeTime(key.expiresAt, now)} and opens nothing any more.`;
  const left = key.budget ? BigInt(key.budget.amount) - BigInt(key.budget.spent) : undefined;
  const money = key.budget === null || left === undefined ? 'with no budget of its own' : left <= 0n ? 'but its budget is spent, so calls are refused' : `with ${shortMoney(left, currency)} left ${windowText(key.budget.period)}`;
  const until = key.state === 'rotating' ? `, until the overlap with its successor ends` : key.expiresAt === null ? '' : `, until ${key.expiresAt.slice(0, 10)}`;
  return `${key.name} works, ${money}${until}.`;
}

function KeyFacts({ shown, currency }: { shown: Key; currency: string }) {
  const { tone, word } = KEY_STATE[shown.state];
  return (
    <Facts items={[
      ['State', <State key="state" tone={tone}>{word}</State>],
      ['Starts with', <code key="prefix">{shown.prefix}…</code>],
      ['Budget', shown.budget ? <BudgetMeter key="budget" amount={shown.budget.amount} spent={shown.budget.spent} period={shown.budget.period} currency={currency} /> : 'No limit of its own'],
      ['Project', shown.projectName ?? 'All projects'],
      ['Models', shown.models === null ? 'Every model' : <span key="models" className="mono">{shown.models.join(', ') || 'None'}</span>],
      ['Role', shown.role],
      ['Belongs to', shown.owner.label],
      ['Made', <When key="made" at={shown.createdAt} />],
      ['Last used', <Ago key="used" at={shown.lastUsedAt} />],
      ['Expires', shown.expiresAt === null ? 'Never' : <When key="until" at={shown.expiresAt} />],
      ...(shown.replacedBy === null ? [] : [['Replaced by', <Link key="next" to={`/keys/${shown.replacedBy}`}>its successor</Link>] as const]),
      ['Id', <code key="id">{shown.id}</code>],
    ]} />
  );
}

function Calls({ keyId, name }: { keyId: string; name: string }) {
  const query = useQuery(queries.usageOfKey(keyId));
  const rows = query.data?.items;
  const decimals = useMemo(() => widestFraction(rows?.map(({ charge }) => charge) ?? []), [rows]);
  return (
    <Section title="What did it do last?" note="The latest calls, newest first.">
      <Show query={query} bones={<TableBones rows={5} columns={5} />}>
        {({ items }) => (items.length === 0 ? <Empty title={`${name} has called nothing yet`} command={commands.chat('Hello')}><p>Its calls show here within seconds. The first one, with its secret in the environment as TANDEM_KEY:</p></Empty> : (
          <>
            <Table label={`Calls of ${name}`} rows={items} rowKey={({ id }) => id} columns={[
              { id: 'at', compare: byText(({ occurredAt }) => occurredAt), header: 'When', narrow: 'sub', width: '9rem', cell: ({ occurredAt }) => <Ago at={occurredAt} /> },
              { id: 'model', compare: byText(({ resource }) => resource), header: 'Model', narrow: 'title', cell: ({ resource }) => <span className="mono">{resource}</span> },
              { id: 'outcome', compare: byText(({ outcome }) => outcome), header: 'Outcome', narrow: 'sub', cell: ({ outcome }) => <State tone={outcomeOf(outcome).tone}>{outcomeOf(outcome).word}</State> },
              { id: 'in', compare: byNumber(({ quantities }) => BigInt(quantities.input ?? 0) + BigInt(quantities.cache_read ?? 0)), header: 'In', unit: 'tokens', numeric: true, narrow: 'hidden', cell: ({ quantities }) => <span className="num">{count(BigInt(quantities.input ?? 0) + BigInt(quantities.cache_read ?? 0))}</span> },
              { id: 'out', compare: byNumber(({ quantities }) => quantities.output ?? 0), header: 'Out', unit: 'tokens', numeric: true, narrow: 'hidden', cell: ({ quantities }) => <span className="num">{count(quantities.output ?? 0)}</span> },
              { id: 'charge', compare: byNumber(({ charge }) => charge), header: 'Charged', unit: items[0]?.currency ?? '', numeric: true, narrow: 'side', cell: ({ charge, currency }) => <ColumnMoney pico={charge} decimals={decimals} currency={currency} /> },
            ]} />
            <SameInTerminal line={commands.requests({ key: keyId, last: '30d' })} />
          </>
        ))}
      </Show>
    </Section>
  );
}
