import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { When } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State, type Tone } from '../../ui/state.tsx';
import type { Lease } from './states.ts';

type Job = NonNullable<Lease['job']>;
const JOB_STATE: Readonly<Record<Job['state'], { tone: Tone; word: string }>> = {
  waiting: { tone: 'wait', word: 'Waiting' }, running: { tone: 'busy', word: 'Running' }, ended: { tone: 'good', word: 'Ended' }, cut: { tone: 'warn', word: 'Cut by the end of the lease' },
  lost: { tone: 'bad', word: 'Lost' }, failed: { tone: 'bad', word: 'Could not begin' },
};

/** What a lease runs once: how far it is, and the end of what it printed. */
export function LeaseJob({ lease, job }: { lease: Lease; job: Job }) {
  const { tone, word } = job.state === 'ended' && job.exitCode !== 0 ? { tone: 'bad' as const, word: 'Ended' } : JOB_STATE[job.state];
  const whyNot = useWhyNot('leases.write');
  return (
    <Section title="How is its job?" note={job.keepOpen ? 'The lease stays when its job has ended.' : 'The lease ends with its job.'}>
      <Facts items={[
        ['Job', <span key="state"><State tone={tone}>{word}</State>{job.exitCode === null ? null : <span className="muted beside"> with code {job.exitCode}</span>}{job.reason === null ? null : <span className="muted beside"> <bdi>{job.reason}</bdi></span>}</span>],
        ['Job begun', job.startedAt === null ? 'not yet' : <When key="began" at={job.startedAt} />], ...(job.endedAt === null ? [] : [['Job ended', <When key="ended" at={job.endedAt} />] as const]),
      ]} />
      {whyNot === undefined ? <JobLog id={lease.id} goesOn={job.state === 'waiting' || job.state === 'running'} /> : <p className="muted small">{whyNot}</p>}
      <SameInTerminal line={commands.leaseLogs(lease.id)} />
    </Section>
  );
}

function JobLog({ id, goesOn }: { id: string; goesOn: boolean }) {
  const query = useQuery(queries.leaseLog(id, goesOn));
  return (
    <Show query={query} bones={<Bone width={320} />}>
      {({ text, from }) => (text === '' ? <p className="muted">It has printed nothing{goesOn ? ' yet' : ''}.</p> : <pre className="claim" tabIndex={0} aria-label="The end of what its job printed">{from === 0 ? '' : '…\n'}{text}</pre>)}
    </Show>
  );
}
