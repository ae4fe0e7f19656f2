import { useMemo } from 'react';
import { useNow } from '../../lib/clock.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { widestFraction } from '../../lib/money.ts';
import { Ago, ColumnMoney } from '../../ui/amount.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { waitText, whatText } from './lease-words.ts';
import { LEASE_STATE } from './states.ts';
import type { Lease } from './states.ts';

/** Leases with why they wait, how long they last and what they have cost. */
export function LeaseTable({ label, leases, sort, onSort }: { label: string; leases: readonly Lease[]; sort?: string; onSort?: (sort: string) => void }) {
  const now = useNow();
  const names = useMemo(() => new Map(leases.map(({ id, name }) => [id, name])), [leases]);
  const decimals = useMemo(() => widestFraction(leases.map(({ cost }) => cost.soFar)), [leases]);
  return (
    <Table label={label} rows={leases} rowKey={({ id }) => id} rowTo={({ id }) => `/fleet/leases/${id}`} {...(onSort ? { sort, onSort } : {})} columns={[
      { id: 'name', header: 'Name', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name }) => name },
      { id: 'what', header: 'What', narrow: 'sub', width: '11rem', compare: byText(({ resource }) => resource), cell: (lease) => whatText(lease) },
      { id: 'state', header: 'State', narrow: 'side', width: '8rem', compare: byText((lease) => lease.state), cell: (lease) => <State tone={LEASE_STATE[lease.state].tone}>{LEASE_STATE[lease.state].word}</State> },
      { id: 'why', header: 'Because', narrow: 'hidden', width: '30%', cell: (lease) => <span className="clip">{waitText(lease, (id) => names.get(id), now) ?? lease.reason ?? <span className="muted">–</span>}</span> },
      { id: 'by', header: 'Asked by', narrow: 'hidden', width: '9rem', compare: byText(({ askedBy }) => askedBy), cell: ({ askedBy }) => askedBy },
      { id: 'ends', header: 'Ends', numeric: true, narrow: 'sub', width: '8rem', compare: byText(({ endsAt, endedAt }) => endedAt ?? endsAt ?? '9'), cell: ({ endsAt, endedAt, state }) => <Ago at={endedAt ?? endsAt} never={state === 'waiting' ? '–' : 'when ended'} /> },
      { id: 'cost', header: 'So far', unit: leases[0]?.cost.currency ?? '', numeric: true, narrow: 'hidden', width: '8rem', compare: byNumber(({ cost }) => cost.soFar), cell: ({ cost }) => <ColumnMoney pico={cost.soFar} decimals={decimals} currency={cost.currency} /> },
    ]} />
  );
}
