import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { When } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { Field } from '../../ui/field.tsx';
import { State, type Tone } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import type { Lease } from './states.ts';

type Job = NonNullable<Lease['job']>;
type Rank = Job['ranks'][number];
const JOB_STATE: Readonly<Record<Job['state'], { tone: Tone; word: string }>> = {
  waiting: { tone: 'wait', word: 'Waiting' }, running: { tone: 'busy', word: 'Running' }, ended: { tone: 'good', word: 'Ended' }, cut: { tone: 'warn', word: 'Cut by the end of the lease' },
  lost: { tone: 'bad', word: 'Lost' }, failed: { tone: 'bad', word: 'Could not begin' },
};

/** What a lease runs once: how far it is, and the end of what it printed. */
export function LeaseJob({ lease, job }: { lease: Lease; job: Job }) {
  // Of several machines all are printed in a terminal; here one is looked at.
  const [rank, setRank] = useState(job.failedRank ?? 0);
  const several = job.ranks.length > 0;
  const whyNot = useWhyNot('leases.write');
  const output = whyNot === undefined ? <JobLog id={lease.id} goesOn={job.state === 'waiting' || job.state === 'running'} rank={several ? rank : 0} /> : <p className="muted small">{whyNot}</p>;
  return (
    <>
      <Section title="How is its job?" note={job.keepOpen ? 'The lease stays when its job has ended.' : 'The lease ends with its job.'}>
        <Facts items={[
          ['Job', <span key="state"><HowFar of={job} />{job.reason === null ? null : <span className="muted beside"> <bdi>{job.reason}</bdi></span>}</span>],
          ['Job begun', job.startedAt === null ? 'not yet' : <When key="began" at={job.startedAt} />], ...(job.endedAt === null ? [] : [['Job ended', <When key="ended" at={job.endedAt} />] as const]),
          ...(job.way === null ? [] : [['Its machines talk', <span key="way">{job.way === 'direct' ? 'directly over their pool\u2019s network, not encrypted' : 'through this server'}{job.wayReason === null ? null : <span className="muted beside"> <bdi>{job.wayReason}</bdi></span>}</span>] as const]),
        ]} />
        {several ? null : output}
        {several ? null : <SameInTerminal line={commands.leaseLogs(lease.id)} />}
      </Section>
      {several ? <Section title="How is each of its machines?" note="The first that fails ends the others."><Ranks job={job} /></Section> : null}
      {several ? (
        <Section title="What did they print?">
          {whyNot === undefined ? <Field label="On the machine of">{(field) => <select {...field} value={rank} onChange={(event) => setRank(Number(event.target.value))}>{job.ranks.map((one) => <option key={one.rank} value={one.rank}>rank {one.rank}</option>)}</select>}</Field> : null}
          {output}
          <SameInTerminal line={commands.leaseLogs(lease.id)} />
        </Section>
      ) : null}
    </>
  );
}

function HowFar({ of: { state, exitCode } }: { of: Pick<Job, 'state' | 'exitCode'> }) {
  const { tone, word } = state === 'ended' && exitCode !== 0 ? { tone: 'bad' as const, word: 'Ended' } : JOB_STATE[state];
  return <><State tone={tone}>{word}</State>{exitCode === null ? null : <span className="muted beside"> with code {exitCode}</span>}</>;
}

/** Each machine of a job that has several. */
function Ranks({ job }: { job: Job }) {
  const nodes = useQuery(queries.nodes).data?.items;
  const machine = ({ machineId }: Rank) => {
    const node = nodes?.find(({ id }) => id === machineId);
    return node ? <Link to={`/fleet/nodes/${node.id}`}>{node.name}</Link> : <code className="clip">{machineId}</code>;
  };
  return (
    <Table label="Machines of the job" rows={job.ranks} rowKey={({ rank }) => String(rank)} columns={[
      { id: 'rank', header: 'Rank', narrow: 'title', width: '6rem', cell: ({ rank }) => `rank ${rank}` },
      { id: 'machine', header: 'Machine', narrow: 'sub', width: '14rem', cell: machine },
      { id: 'state', header: 'State', narrow: 'side', width: '14rem', cell: (one) => <HowFar of={one} /> },
      { id: 'why', header: 'Because', narrow: 'hidden', cell: ({ rank, reason }) => (reason === null ? (rank === job.failedRank ? 'Its end ended the others.' : <span className="muted">–</span>) : <bdi className="clip">{reason}</bdi>) },
    ]} />
  );
}

function JobLog({ id, goesOn, rank }: { id: string; goesOn: boolean; rank: number }) {
  const query = useQuery(queries.leaseLog(id, goesOn, rank));
  return (
    <Show query={query} bones={<Bone width={320} />}>
      {({ text, from }) => (text === '' ? <p className="muted">It has printed nothing{goesOn ? ' yet' : ''}.</p> : <pre className="claim" tabIndex={0} aria-label="The end of what its job printed">{from === 0 ? '' : '…\n'}{text}</pre>)}
    </Show>
  );
}
