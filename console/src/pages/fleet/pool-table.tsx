import { useState } from 'react';
import { count, plural } from '../../lib/format.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { Table } from '../../ui/table.tsx';
import { PoolDialog } from './pool-dialog.tsx';
import { STAND_IN } from './states.ts';
import type { Pool } from './states.ts';

/** How much of each pool is free, in machines. Those that take no lease now are apart: sick, offline, cordoned. */
export function PoolTable({ pools }: { pools: readonly Pool[] }) {
  const [open, setOpen] = useState<Pool>();
  const figure = (value: number) => <span className={value === 0 ? 'num muted' : 'num'}>{count(value)}</span>;
  return (
    <>
    <Table label="Capacity by pool" rows={pools} rowKey={({ own, name }) => `${own} ${name}`} onRow={setOpen} columns={[
      { id: 'name', header: 'Pool', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name, own, standIn }) => <>{name}{own ? null : <span className="muted beside"> the operator's</span>}{standIn ? <span className="muted beside"> {STAND_IN}</span> : null}</> },
      { id: 'kinds', header: 'What', narrow: 'sub', cell: ({ kinds }) => <span className="clip">{kinds.join(', ') || '–'}</span> },
      { id: 'units', header: 'Units leased', narrow: 'hidden', numeric: true, width: '12rem', compare: byNumber(({ units }) => units.leased), cell: ({ units }) => (units.all === 0 ? <span className="muted">–</span> : <span className="num">{count(units.leased)} of {count(units.all)}</span>) },
      { id: 'all', header: 'Machines', numeric: true, narrow: 'hidden', width: '6rem', compare: byNumber(({ machines }) => machines.all), cell: ({ machines }) => figure(machines.all) },
      { id: 'leased', header: 'Leased', numeric: true, narrow: 'hidden', width: '5.5rem', compare: byNumber(({ machines }) => machines.leased), cell: ({ machines }) => figure(machines.leased) },
      { id: 'wiping', header: 'Wiping', numeric: true, narrow: 'hidden', width: '5.5rem', compare: byNumber(({ machines }) => machines.wiping), cell: ({ machines }) => figure(machines.wiping) },
      { id: 'closed', header: 'Closed', numeric: true, narrow: 'hidden', width: '5.5rem', compare: byNumber(({ machines }) => machines.closed), cell: ({ machines }) => figure(machines.closed) },
      { id: 'idle', header: 'Idle', numeric: true, narrow: 'side', width: '5.5rem', compare: byNumber(({ machines }) => machines.idle), cell: ({ machines }) => <><span className="num">{count(machines.idle)}</span><span className="narrow-only"> of {plural(machines.all, 'machine')} idle</span></> },
    ]} />
    {open === undefined ? null : <PoolDialog pool={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}
