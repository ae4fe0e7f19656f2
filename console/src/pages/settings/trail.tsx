import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, asApiError } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, exactTime } from '../../lib/format.ts';
import { useUrlState } from '../../lib/url.ts';
import { Ago } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Filter, FilterSelect } from '../../ui/filter.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Facts } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { SettingsPage } from './frame.tsx';

type AuditEvent = Schemas['AuditEvent'];

export function TrailPage() {
  const [{ action = '', q = '' }, set] = useUrlState();
  const query = useInfiniteQuery(queries.events(action));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const [open, setOpen] = useState<AuditEvent>();
  const verify = useQuery({ queryKey: ['verify-trail'], queryFn: ({ signal }) => api.get('/api/events/verify', { signal }), enabled: false });
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const mark = end.current;
    if (!mark || !hasNextPage) return undefined;
    const observer = new IntersectionObserver((entries) => {
      // Out of sight and in again, between two looks, come as two entries: the last one holds.
      if (entries.at(-1)?.isIntersecting && !isFetchingNextPage) void fetchNextPage();
    }, { rootMargin: '600px' });
    observer.observe(mark);
    return () => observer.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const every = useInfiniteQuery(queries.events('')).data;
  const actions = useMemo(() => [...new Set([...(every?.pages.flatMap(({ items }) => items.map((event) => event.action)) ?? []), ...(action === '' ? [] : [action])])].sort(), [every, action]);
  const shown = useMemo(() => rows?.filter((event) => `${event.action} ${event.resourceKind} ${event.resourceId ?? ''} ${event.actor.label}`.toLowerCase().includes(q.toLowerCase())), [rows, q]);
  const last = rows?.[0];
  const lead = rows ? (last ? <>The last change was <code>{last.action}</code> by {last.actor.label}, <Ago at={last.at} />.</> : action === '' ? 'Nothing was changed yet.' : `No change is a ${action}.`) : query.error ? 'The audit trail could not be read.' : 'Reading the audit trail…';
  return (
    <SettingsPage title="Audit trail" lead={lead} busy={!rows && !query.error} actions={<Button icon={<ShieldCheck size={16} aria-hidden />} busy={verify.isFetching} onClick={() => void verify.refetch()}>{verify.isFetching ? 'Checking…' : 'Verify the chain'}</Button>}>
      {verify.data ? <p className="verify-lead" role="status"><State tone={verify.data.ok ? 'good' : 'bad'}>{verify.data.ok ? 'Unbroken' : 'Broken'}</State> {verify.data.firstBroken ? `Entry ${count(verify.data.firstBroken.sequence)}: ${verify.data.firstBroken.reason}` : `${count(verify.data.checked)} entries were recomputed; each carries the hash of the one before.`}</p> : null}
      {verify.error ? <ErrorNotice error={asApiError(verify.error)} /> : null}
      <div className="filters">
        <Filter label="Filter the trail" value={q} onChange={(value) => set({ q: value })} />
        <FilterSelect label="Action" value={action} options={[['', 'Any action'], ...actions.map((one) => [one, one] as const)]} onChange={(value) => set({ action: value })} />
      </div>
      <Show query={{ data: shown, error: query.error, refetch: query.refetch }} bones={<TableBones columns={4} />}>
        {(events) => (events.length === 0 ? (action === '' && q === '' ? <Empty title="Every change leaves an entry here" command={commands.trail}><p>Who did what to which thing, with the fields that changed. Make a key and look again.</p></Empty> : <p className="none muted">No entry fits the filter.</p>) : (
          <>
            <Table label="Audit trail" rows={events} rowKey={({ id }) => id} onRow={setOpen} columns={[
              { id: 'action', header: 'Action', narrow: 'title', cell: (event) => <span className="mono">{event.action}</span> },
              { id: 'resource', header: 'Of', narrow: 'hidden', cell: ({ resourceKind, resourceId }) => <>{resourceKind}{resourceId === null ? null : <span className="muted beside mono">{resourceId.slice(0, 8)}…</span>}</> },
              { id: 'actor', header: 'By', narrow: 'sub', cell: ({ actor }) => actor.label },
              { id: 'fields', header: 'Changed', narrow: 'hidden', cell: ({ change }) => <span className="muted clip">{Object.keys(change).join(', ') || '–'}</span> },
              { id: 'at', header: 'When', numeric: true, narrow: 'side', width: '9rem', cell: ({ at }) => <Ago at={at} /> },
              { id: 'sequence', header: 'Entry', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ sequence }) => <span className="num muted">{count(sequence)}</span> },
            ]} />
            <div ref={end} className="more">{hasNextPage ? <p className="small muted" role="status">Reading older entries…</p> : null}</div>
          </>
        ))}
      </Show>
      <SameInTerminal line={commands.trailVerify} />
      {open ? <EventDialog event={open} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function EventDialog({ event, onClose }: { event: AuditEvent; onClose: () => void }) {
  return (
    <Dialog title={`${event.action}, entry ${count(event.sequence)}`} onClose={onClose} wide>
      <div className="form">
        <Facts items={[
          ['When', exactTime(event.at)], ['By', `${event.actor.label} (${event.actor.kind})`], ['Of', event.resourceId === null ? event.resourceKind : <span key="of">{event.resourceKind} <code className="break">{event.resourceId}</code></span>],
          ['Hash', <code key="hash" className="break">{event.hash}</code>],
        ]} />
        {Object.keys(event.change).length === 0 ? null : <pre className="change">{JSON.stringify(event.change, null, 2)}</pre>}
      </div>
    </Dialog>
  );
}
