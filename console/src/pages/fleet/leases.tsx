import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useMemo } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter, FilterSelect } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { FilterBones, TableBones } from '../../ui/skeleton.tsx';
import { FleetPage } from './frame.tsx';
import { LeaseTable } from './lease-table.tsx';
import { whatText } from './lease-words.ts';
import { LEASE_STATE, isLive } from './states.ts';
import type { Lease } from './states.ts';

const FIRST = commands.leaseAsk('gpu', { gpus: 1, gpu: '', slice: '', macClass: '', xcode: '', machines: 1, pool: '', access: 'shell', minutes: 60, atMost: '', project: '', name: '' });

/** Who has which machines, what waits, and what does it cost? */
export function LeasesPage() {
  const project = useProject();
  const query = useQuery(queries.leases(project === undefined ? {} : { projectId: project }));
  const { organisation } = useWhoami();
  const whyNot = useWhyNot('leases.write');
  const leases = query.data?.items;
  const lead = leases ? leasesLead(leases, organisation.currency) : query.error ? 'The leases could not be read.' : 'Reading the leases…';
  return (
    <FleetPage title="Leases" lead={lead} busy={!leases && !query.error} actions={leases?.length === 0 ? undefined : <ButtonLink to="/fleet/leases/new" kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot}>Lease a machine</ButtonLink>}>
      <Show query={query} bones={<><FilterBones /><TableBones columns={6} /></>}>
        {({ items, nextCursor }) => (items.length === 0
          ? <Empty title="Nothing is leased" command={FIRST} action={<ButtonLink to="/fleet/leases/new" kind="primary" why={whyNot}>Lease the first machine</ButtonLink>}><p>A lease is a machine, some of its GPUs or a Mac for a time, paid by the started minute. Its price is shown before it begins.</p></Empty>
          : <><List leases={items} />{nextCursor === null ? null : <p className="small muted">The newest {count(items.length)} are shown.</p>}<SameInTerminal line={commands.leases} /></>)}
      </Show>
    </FleetPage>
  );
}

function leasesLead(leases: readonly Lease[], currency: string): string {
  const live = leases.filter(isLive);
  if (live.length === 0) return 'Nothing is leased now.';
  const running = live.filter(({ state }) => state === 'running').length;
  const waiting = live.filter(({ state }) => state === 'waiting').length;
  const spent = live.reduce((sum, { cost }) => sum + BigInt(cost.soFar), 0n);
  return `${plural(running, 'lease')} ${running === 1 ? 'runs' : 'run'}${waiting === 0 ? '' : `, ${count(waiting)} ${waiting === 1 ? 'waits' : 'wait'}`}; those that are live have cost ${shortMoney(spent, currency)}.`;
}

function List({ leases }: { leases: readonly Lease[] }) {
  const [{ q = '', state = '', sort = '' }, set] = useUrlState();
  const shown = useMemo(() => {
    const typed = q.toLowerCase();
    return leases.filter((lease) => (state === '' || (state === 'live' ? isLive(lease) : lease.state === state)) && `${lease.name} ${whatText(lease)} ${lease.pool} ${lease.askedBy} ${lease.reason ?? ''}`.toLowerCase().includes(typed));
  }, [leases, q, state]);
  return (
    <>
      <div className="filters">
        <Filter label="Filter leases" value={q} onChange={(value) => set({ q: value })} />
        <FilterSelect label="State" value={state} options={[['', 'Any state'], ['live', 'All but ended'], ...Object.entries(LEASE_STATE).map(([name, { word }]) => [name, word] as const)]} onChange={(value) => set({ state: value })} />
        {shown.length === leases.length ? null : <p className="small muted" role="status">{count(shown.length)} of {count(leases.length)}</p>}
      </div>
      {shown.length === 0 ? <p className="none muted">No lease fits the filter.</p> : <LeaseTable label="Leases" leases={shown} sort={sort} onSort={(next) => set({ sort: next })} />}
    </>
  );
}
