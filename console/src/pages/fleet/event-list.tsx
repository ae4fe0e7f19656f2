import { Ago } from '../../ui/amount.tsx';
import { Table } from '../../ui/table.tsx';

interface Happened {
  readonly at: string;
  readonly kind: string;
  readonly detail: string;
}

/** What happened to a node or a lease, newest first. */
export function EventList({ events, empty }: { events: readonly Happened[]; empty: string }) {
  if (events.length === 0) return <p className="muted">{empty}</p>;
  const rows = events.toSorted((a, b) => b.at.localeCompare(a.at)).map((event, index) => ({ ...event, key: `${index} ${event.at}` }));
  return (
    <Table label="What happened" rows={rows} rowKey={({ key }) => key} columns={[
      { id: 'kind', header: 'What', narrow: 'title', width: '10rem', cell: ({ kind }) => kind.replaceAll('-', ' ').replaceAll('_', ' ') },
      { id: 'at', header: 'When', narrow: 'side', width: '9rem', cell: ({ at }) => <Ago at={at} /> },
      { id: 'detail', header: 'In words', narrow: 'sub', cell: ({ detail }) => (detail === '' ? <span className="muted">–</span> : <span className="rest-of-row" title={detail}><bdi>{detail}</bdi></span>) },
    ]} />
  );
}
