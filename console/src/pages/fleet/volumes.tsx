import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { Ago, Money } from '../../ui/amount.tsx';
import { ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Filter } from '../../ui/filter.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { FilterBones, TableBones } from '../../ui/skeleton.tsx';
import { State, type Tone } from '../../ui/state.tsx';
import { Table, type Column } from '../../ui/table.tsx';
import { FleetPage } from './frame.tsx';
import { sizeText } from './inventory.ts';
import { VolumeDialog } from './volume-dialog.tsx';

type Volume = Schemas['Volume'];

const VOLUME_STATE: Readonly<Record<Volume['state'], { tone: Tone; word: string }>> = {
  new: { tone: 'busy', word: 'Home of a lease' }, 'in-use': { tone: 'busy', word: 'In use' }, kept: { tone: 'good', word: 'Kept' }, removing: { tone: 'warn', word: 'Being deleted' },
  removed: { tone: 'idle', word: 'Deleted' }, lost: { tone: 'bad', word: 'Lost' },
};

/** What is kept of leases that are over, and how long? */
export function VolumesPage() {
  const project = useProject();
  const query = useQuery(queries.volumes);
  const volumes = useMemo(() => query.data?.items.filter(({ projectId }) => project === undefined || projectId === project), [query.data, project]);
  const lead = volumes ? volumesLead(volumes) : query.error ? 'The volumes could not be read.' : 'Reading the volumes…';
  return (
    <FleetPage title="Volumes" lead={lead} busy={!volumes && !query.error}>
      <Show query={{ ...query, data: volumes }} bones={<><FilterBones /><TableBones columns={6} /></>}>
        {(items) => (items.length === 0
          ? <Empty title="No home of a lease is kept" command={commands.leaseKeep('LEASE', 'models')} action={<ButtonLink to="/fleet/leases">To the leases</ButtonLink>}><p>A lease’s files go with it, unless its home is kept as a volume: on its page when you end it, or by this line before. A later lease gets it back on the same machine.</p></Empty>
          : <><List volumes={items} /><SameInTerminal line={commands.volumes} /></>)}
      </Show>
    </FleetPage>
  );
}

function volumesLead(volumes: readonly Pick<Volume, 'state' | 'bytes' | 'cost'>[]): string {
  const kept = volumes.filter(({ state }) => state === 'kept' || state === 'in-use');
  if (kept.length === 0) return volumes.length === 0 ? 'Nothing is kept of leases.' : `${plural(volumes.length, 'volume')}: none is kept yet.`;
  const bytes = kept.reduce((sum, one) => sum + Number(one.bytes ?? 0), 0);
  const priced = kept.flatMap(({ cost }) => (cost === null || cost.perMonth === null ? [] : [{ currency: cost.currency, perMonth: BigInt(cost.perMonth) }]));
  const first = priced[0];
  const costs = first === undefined ? '' : `; ${kept.length === 1 ? 'it costs' : 'they cost'} ${shortMoney(priced.reduce((sum, { perMonth }) => sum + perMonth, 0n), first.currency)} a month`;
  return `${plural(kept.length, 'volume')} ${kept.length === 1 ? 'is' : 'are'} kept, ${sizeText(bytes)} in all${costs}.`;
}

function List({ volumes }: { volumes: readonly Volume[] }) {
  const [{ q = '', sort = 'name' }, set] = useUrlState();
  const [openId, setOpenId] = useState<string>();
  const nodes = useQuery(queries.nodes).data?.items;
  const projects = useQuery(queries.projects).data?.items;
  const machineOf = useMemo(() => {
    const names = new Map(nodes?.map(({ id, name }) => [id, name]));
    return (volume: Volume): string => names.get(volume.machineId) ?? volume.machineId;
  }, [nodes]);
  const projectOf = useMemo(() => {
    const names = new Map(projects?.map(({ id, name }) => [id, name]));
    return (volume: Volume): string => names.get(volume.projectId) ?? volume.projectId.slice(0, 8);
  }, [projects]);
  const shown = useMemo(() => volumes.filter((volume) => `${volume.name} ${projectOf(volume)} ${machineOf(volume)} ${volume.lastLease?.name ?? ''}`.toLowerCase().includes(q.toLowerCase())), [volumes, q, machineOf, projectOf]);
  const columns = useMemo((): Column<Volume>[] => [
    { id: 'name', header: 'Name', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name }) => name },
    { id: 'state', header: 'State', narrow: 'side', width: '10rem', compare: byText(({ state }) => state), cell: ({ state }) => <State tone={VOLUME_STATE[state].tone}>{VOLUME_STATE[state].word}</State> },
    { id: 'project', header: 'Project', narrow: 'hidden', width: '10rem', compare: byText(projectOf), cell: (volume) => <span className="clip">{projectOf(volume)}</span> },
    { id: 'last', header: 'Last lease', narrow: 'hidden', width: '10rem', compare: byText(({ lastLease }) => lastLease?.name ?? ''), cell: ({ lastLease }) => (lastLease === null ? <span className="muted">–</span> : <span className="clip">{lastLease.name}</span>) },
    { id: 'on', header: 'Lies on', narrow: 'hidden', width: '9rem', compare: byText(machineOf), cell: (volume) => <span className="clip">{machineOf(volume)}</span> },
    { id: 'size', header: 'Size', numeric: true, narrow: 'sub', width: '7rem', compare: byNumber(({ bytes }) => bytes ?? '0'), cell: ({ bytes }) => (bytes === null ? <span className="muted">–</span> : <span className="num">{sizeText(Number(bytes))}</span>) },
    { id: 'cost', header: 'A month', unit: volumes.find(({ cost }) => cost !== null)?.cost?.currency ?? '', numeric: true, narrow: 'hidden', width: '7rem', compare: byNumber(({ cost }) => cost?.perMonth ?? '0'), cell: ({ cost }) => (cost === null || cost.perMonth === null ? <span className="muted">–</span> : <Money pico={cost.perMonth} currency={cost.currency} />) },
    { id: 'until', header: 'Kept until', numeric: true, narrow: 'sub', width: '8rem', compare: byText(({ expiresAt }) => expiresAt ?? '9'), cell: ({ expiresAt, days }) => (expiresAt === null ? <span className="muted">{plural(days, 'day')} after</span> : <Ago at={expiresAt} />) },
  ], [machineOf, projectOf, volumes]);
  const open = volumes.find(({ id }) => id === openId);
  return (
    <>
      <div className="filters">
        <Filter label="Filter volumes" value={q} onChange={(value) => set({ q: value })} />
        {shown.length === volumes.length ? null : <p className="small muted" role="status">{count(shown.length)} of {count(volumes.length)}</p>}
      </div>
      {shown.length === 0 ? <p className="none muted">No volume fits the filter.</p> : <Table label="Volumes" columns={columns} rows={shown} rowKey={({ id }) => id} onRow={({ id }) => setOpenId(id)} sort={sort} onSort={(next) => set({ sort: next })} />}
      {open === undefined ? null : <VolumeDialog volume={open} machine={machineOf(open)} project={projectOf(open)} onClose={() => setOpenId(undefined)} />}
    </>
  );
}
