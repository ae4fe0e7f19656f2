import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError, asApiError, readFile } from '../../api/client.ts';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import type { Cast } from './cast.ts';
import { MOST_CAST_BYTES, clockText, readCast } from './cast.ts';
import { CastPlayer } from './cast-player.tsx';

type Recording = ReplyOf<'/api/leases/{id}/recordings', 'get'>['items'][number];

/** What was recorded of a lease's sessions, and a player for what was shown in them. */
export function RecordingsPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const lease = useQuery(queries.lease(id)).data?.lease;
  const query = useQuery(queries.recordings(id));
  const [chosen, setChosen] = useState<string>();
  const items = query.data?.items;
  const playing = items?.find((one) => one.id === chosen);
  const lead = items ? (items.length === 0 ? 'Nothing was recorded.' : `${plural(items.length, 'session was', 'sessions were')} recorded.`) : query.error ? 'The recordings could not be read.' : 'Reading the recordings…';
  return (
    <Page title={lease ? `Recordings of ${lease.name}` : 'Recordings'} up={{ to: `/fleet/leases/${id}`, title: lease?.name ?? 'Lease' }} lead={lead} busy={!items && !query.error}>
      <Show query={query} bones={<Bone height={220} />}>
        {({ items: all }) => (
          <>
            {playing ? <Watch recording={playing} /> : null}
            {all.length === 0
              ? <Empty title="There are no recordings" command={commands.leaseRecord}>Sessions are recorded where it is asked for with the lease, or where its pool wants it. They stay here for thirty days.</Empty>
              : <List all={all} onPlay={setChosen} />}
            {all.length === 0 ? null : <SameInTerminal line={commands.leaseRecordings(id)} />}
          </>
        )}
      </Show>
    </Page>
  );
}

function List({ all, onPlay }: { all: readonly Recording[]; onPlay: (id: string) => void }) {
  const whyNot = useWhyNot('recordings.read');
  return (
    <Table label="Recordings" rows={all} rowKey={({ id }) => id} columns={[
      { id: 'what', header: 'What', narrow: 'title', cell: (one) => <span className="rest-of-row" title={whatText(one)}><bdi>{whatText(one)}</bdi></span> },
      { id: 'who', header: 'Who', narrow: 'hidden', width: '14rem', cell: ({ person }) => <bdi>{person}</bdi> },
      { id: 'began', header: 'Began', narrow: 'sub', width: '8rem', cell: ({ startedAt }) => <Ago at={startedAt} /> },
      { id: 'took', header: 'Took', narrow: 'hidden', width: '5rem', cell: ({ startedAt, endedAt }) => clockText((Date.parse(endedAt) - Date.parse(startedAt)) / 1000) },
      { id: 'state', header: 'State', narrow: 'sub', width: '14rem', cell: (one) => <span className="small" title={stateText(one)}>{stateText(one)}</span> },
      { id: 'play', header: 'Watch', narrow: 'side', width: '8rem', cell: (one) => (one.bytes === 0 ? <span className="muted">–</span> : <Button kind="quiet" why={whyNot} onClick={() => onPlay(one.id)}>Play</Button>) },
    ]} />
  );
}

function Watch({ recording }: { recording: Recording }) {
  const query = useQuery({ queryKey: ['recording', recording.id], staleTime: Infinity, gcTime: 0, retry: false, queryFn: async ({ signal }) => castOf(await readFile(`/api/recordings/${recording.id}`, MOST_CAST_BYTES, signal)) });
  return (
    <Section title={whatText(recording)} note={<>By <bdi>{recording.person}</bdi>, kept until <When at={recording.expiresAt} />. That it is watched stands in the audit trail.</>}>
      {query.data ? <CastPlayer key={recording.id} cast={query.data} label={`Recording of ${recording.person}`} /> : query.error ? <ErrorNotice error={asApiError(query.error)} onRetry={() => void query.refetch()} /> : <Bone height={420} />}
    </Section>
  );
}

function castOf(text: string): Cast {
  try {
    return readCast(text);
  } catch (error) {
    throw new ApiError(0, { code: 'recording_unreadable', message: `The recording cannot be played: ${error instanceof Error ? error.message : 'it is none'}.`, next: 'Write it to a file to look at it: tandem leases recordings LEASE ID --out FILE' });
  }
}

function whatText({ kind, command }: Recording): string {
  if (kind === 'connection') return 'Ports alone';
  return command ?? (kind === 'terminal' ? 'Terminal in the browser' : 'Shell by SSH');
}

function stateText({ state, reason, bytes, whole, tamperProof }: Recording): string {
  if (state === 'refused') return reason ?? 'refused';
  return [bytes === 0 ? 'times and command' : 'can be played', ...(whole ? [] : ['not whole']), ...(tamperProof ? [] : ['not tamper-proof'])].join(', ');
}
