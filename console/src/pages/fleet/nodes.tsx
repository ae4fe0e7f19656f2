import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useMemo } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { byText } from '../../lib/order.ts';
import { useUrlState } from '../../lib/url.ts';
import { Ago } from '../../ui/amount.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter, FilterSelect } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { FilterBones, TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Column } from '../../ui/table.tsx';
import { FleetPage } from './frame.tsx';
import { OperatorMinutes } from './operator-minutes.tsx';
import { PoolTable } from './pool-table.tsx';
import { Quotas } from './quota-table.tsx';
import { NODE_STATE, STAND_IN, nodeReason } from './states.ts';
import type { Node } from './states.ts';

/** Which machines are there, and can they be leased? */
export function NodesPage() {
  const query = useQuery(queries.nodes);
  const pools = useQuery(queries.pools);
  const whyNot = useWhyNot('nodes.write');
  const nodes = query.data?.items;
  const lead = nodes ? nodesLead(nodes) : query.error ? 'The nodes could not be read.' : 'Reading the nodes…';
  return (
    <FleetPage title="Nodes" lead={lead} busy={!nodes && !query.error} actions={nodes?.length === 0 ? undefined : <ButtonLink to="/fleet/nodes/new" kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot}>Add a node</ButtonLink>}>
      <Show query={query} bones={<><TableBones rows={3} columns={6} /><FilterBones /><TableBones columns={6} /></>}>
        {({ items }) => (
          <>
            {pools.data === undefined || pools.data.items.length === 0 ? null : <Section title="How much is free?" note="Machines by pool. Closed ones take no lease now: sick, offline, or kept out. A unit is a GPU, a slice, or a machine without either. A pool opens its terms."><PoolTable pools={pools.data.items} /></Section>}
            {items.length === 0 ? (
              <Empty title="There is no node yet" command={commands.nodeAdd('gpu-1', 'default')} action={<ButtonLink to="/fleet/nodes/new" kind="primary" why={whyNot}>Add the first node</ButtonLink>}><p>A node is a machine that runs the agent: Linux with or without GPUs, or a Mac. It opens one connection to this server and no port of its own.</p></Empty>
            ) : <Section title="Which nodes are there?"><List nodes={items} /></Section>}
            <Quotas />
            <OperatorMinutes />
          </>
        )}
      </Show>
    </FleetPage>
  );
}

export function nodesLead(nodes: readonly Node[]): string {
  if (nodes.length === 0) return 'No machine can be leased yet: there is no node.';
  const ready = nodes.filter(({ state }) => state === 'ready').length;
  const wrong = nodes.filter(({ state }) => ['sick', 'offline', 'quarantined'].includes(state));
  const first = wrong[0];
  const rest = first === undefined ? '' : wrong.length === 1 ? `; ${first.name} is ${NODE_STATE[first.state].word.toLowerCase()}${nodeReason(first) === undefined ? '' : `: ${nodeReason(first)}`}` : `; ${count(wrong.length)} need a look`;
  return `${plural(ready, 'node')} of ${count(nodes.length)} ${ready === 1 ? 'is' : 'are'} ready${rest}.`;
}

function List({ nodes }: { nodes: readonly Node[] }) {
  const [{ q = '', state = '', only = '', sort = 'name' }, set] = useUrlState();
  const pools = useMemo(() => [...new Set(nodes.map(({ pool }) => pool))].toSorted(), [nodes]);
  const shown = useMemo(() => {
    const typed = q.toLowerCase();
    return nodes.filter((node) => (state === '' || node.state === state) && (only === '' || node.pool === only) && `${node.name} ${node.pool} ${node.platform} ${node.standIn ? STAND_IN : ''} ${node.health.reasons.join(' ')}`.toLowerCase().includes(typed));
  }, [nodes, q, state, only]);
  const columns = useMemo((): Column<Node>[] => [
    { id: 'name', header: 'Name', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name }) => name },
    { id: 'pool', header: 'Pool', narrow: 'sub', width: '9rem', compare: byText(({ pool }) => pool), cell: ({ pool }) => pool },
    { id: 'state', header: 'State', narrow: 'side', width: '9rem', compare: byText((node) => node.state), cell: (node) => <State tone={NODE_STATE[node.state].tone}>{NODE_STATE[node.state].word}</State> },
    { id: 'why', header: 'Because', narrow: 'hidden', width: '30%', cell: (node) => <span className="clip">{nodeReason(node) ?? <span className="muted">–</span>}</span> },
    { id: 'platform', header: 'Platform', narrow: 'sub', width: '15rem', compare: byText(({ platform }) => platform), cell: ({ platform, standIn }) => <>{platform}{standIn ? <span className="muted beside"> {STAND_IN}</span> : null}</> },
    { id: 'approved', header: 'Approved', narrow: 'hidden', width: '8rem', compare: byText(({ approved }) => approved?.at ?? ''), cell: ({ approved, changed }) => (approved === null ? <span className="muted">No</span> : changed.length > 0 ? 'Changed since' : 'Yes') },
    { id: 'seen', header: 'Last heard', numeric: true, narrow: 'hidden', width: '8rem', compare: byText(({ lastSeenAt }) => lastSeenAt ?? ''), cell: ({ lastSeenAt }) => <Ago at={lastSeenAt} /> },
  ], []);
  return (
    <>
      <div className="filters">
        <Filter label="Filter nodes" value={q} onChange={(value) => set({ q: value })} />
        <FilterSelect label="State" value={state} options={[['', 'Any state'], ...Object.entries(NODE_STATE).map(([name, { word }]) => [name, word] as const)]} onChange={(value) => set({ state: value })} />
        <FilterSelect label="Pool" value={only} options={[['', 'Any pool'], ...pools.map((pool) => [pool, pool] as const)]} onChange={(value) => set({ only: value })} />
        {shown.length === nodes.length ? null : <p className="small muted" role="status">{count(shown.length)} of {count(nodes.length)}</p>}
      </div>
      {shown.length === 0 ? <p className="none muted">No node fits the filter.</p> : (
        <Table label="Nodes" columns={columns} rows={shown} rowKey={({ id }) => id} rowTo={({ id }) => `/fleet/nodes/${id}`} sort={sort} onSort={(next) => set({ sort: next })} />
      )}
      <SameInTerminal line={commands.nodes} />
    </>
  );
}
