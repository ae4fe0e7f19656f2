import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { Money, Since, When } from '../../ui/amount.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { Command, SameInTerminal } from '../../ui/command.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { EventList } from './event-list.tsx';
import { EndLease } from './end-lease.tsx';
import { LeaseJob } from './lease-job.tsx';
import { ExtendLease, HandOverLease } from './lease-dialogs.tsx';
import { boundsText, leaseLead, waitText, whatText } from './lease-words.ts';
import { leaseSince } from './since.ts';
import { LEASE_STATE, STAND_IN } from './states.ts';
import type { Lease } from './states.ts';
import { LeaseWipes } from './wipes.tsx';

type Open = 'extend' | 'hand-over' | 'end';

/** What is this lease, what does it cost, and how does one get in? */
export function LeasePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.lease(id));
  // Whom it waits for by their names; a page that waits for nobody needs no list.
  const others = useQuery({ ...queries.leases({ state: 'live' }), enabled: (query.data?.lease.wait?.holders.length ?? 0) > 0 }).data?.items;
  const names = useMemo(() => new Map(others?.map((one) => [one.id, one.name])), [others]);
  const now = useNow();
  const [open, setOpen] = useState<Open>();
  const whyNot = useWhyNot('leases.write');
  const lease = query.data?.lease;
  const over = whyNot ?? (lease === undefined ? 'The lease is not read yet.' : ['ended', 'wiping', 'ending'].includes(lease.state) ? 'The lease is over.' : undefined);
  const nameOf = (holder: string): string | undefined => names.get(holder);
  const lead = lease ? leaseLead(lease, nameOf, now) : query.error ? 'The lease could not be read.' : 'Reading the lease…';
  const act = (what: Open, title: string, kind: 'plain' | 'danger' = 'plain') => <Button kind={kind} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen(what)}>{title}</Button>;
  return (
    <Page title={lease?.name ?? 'Lease'} up={{ to: '/fleet/leases', title: 'Leases' }} lead={lead} busy={!lease && !query.error}
      actions={<>{act('extend', 'Extend')}{act('hand-over', 'Hand over')}{act('end', 'End', 'danger')}</>}>
      <Show query={query} bones={<div className="facts">{Array.from({ length: 8 }, (_, index) => <div key={index}><Bone width={90} /><Bone width={180} /></div>)}</div>}>
        {({ lease: shown, events }) => (
          <>
            {over !== undefined ? <p className="muted small why-line">{over}</p> : null}
            <LeaseFacts lease={shown} wait={waitText(shown, nameOf, now)} />
            <Cost lease={shown} />
            {shown.job === null ? null : <LeaseJob lease={shown} job={shown.job} />}
            <GetIn lease={shown} />
            <LeaseWipes lease={shown} />
            <Section title="What happened?" note="Newest first; notices to its people stand here, too."><EventList events={events} empty="Nothing has happened to it yet." /><SameInTerminal line={commands.leaseShow(shown.id)} /></Section>
            {open === 'extend' ? <ExtendLease lease={shown} onClose={() => setOpen(undefined)} /> : null}
            {open === 'hand-over' ? <HandOverLease lease={shown} onClose={() => setOpen(undefined)} /> : null}
            {open === 'end' ? <EndLease lease={shown} onClose={() => setOpen(undefined)} /> : null}
          </>
        )}
      </Show>
    </Page>
  );
}

function LeaseFacts({ lease, wait }: { lease: Lease; wait: string | undefined }) {
  const { tone, word } = LEASE_STATE[lease.state];
  const nodes = useQuery(queries.nodes).data?.items;
  const project = useQuery(queries.projects).data?.items.find(({ id }) => id === lease.projectId);
  return (
    <Facts items={[
      ['State', <span key="state"><State tone={tone}>{word}</State><span className="muted beside"> <Since at={leaseSince(lease)} />{lease.reason === null ? '' : `: ${lease.reason}`}</span></span>],
      ...(wait === undefined ? [] : [['Waits', wait] as const]),
      ['What', whatText(lease)], ['Pool', lease.pool],
      ['On', lease.machines.length === 0 ? (lease.endedAt === null ? 'no machine yet' : 'no machine any more') : <span key="on">{lease.machines.map(({ machineId, units, stage }, index) => {
        const node = nodes?.find(({ id }) => id === machineId);
        return <span key={machineId}>{index === 0 ? '' : '; '}{node ? <Link to={`/fleet/nodes/${node.id}`}>{node.name}</Link> : <code>{machineId}</code>}{node?.standIn ? ` (${STAND_IN})` : ''}: {units.join(', ') || 'all of it'}, {stage}</span>;
      })}</span>],
      ...lease.machines.flatMap((machine) => {
        const bounds = boundsText(machine);
        const on = lease.machines.length === 1 ? '' : ` on ${nodes?.find(({ id }) => id === machine.machineId)?.name ?? machine.machineId}`;
        return bounds === undefined ? [] : [[`May use${on}`, bounds.use] as const, [`Reaches${on}`, bounds.reach] as const, ...(bounds.unbound.length === 0 ? [] : [[`Not bounded${on}`, bounds.unbound.join('; ')] as const])];
      }),
      ['Project', project?.name ?? <code key="project">{lease.projectId}</code>], ['Asked by', lease.askedBy], ['Access', lease.access], ['Recorded', <span key="recorded">{lease.record ? 'yes, and its people are told. ' : 'no. '}<Link to={`/fleet/leases/${lease.id}/recordings`}>Recordings</Link></span>],
      ['Begun', lease.startedAt === null ? 'not yet' : <When key="began" at={lease.startedAt} />],
      ...(lease.endedAt === null ? [['Ends', lease.endsAt === null ? 'when it is ended' : <When key="ends" at={lease.endsAt} />] as const] : [['Ended', <When key="ended" at={lease.endedAt} />] as const]),
      ['Id', <code key="id">{lease.id}</code>],
    ]} />
  );
}

function Cost({ lease: { cost, minutes, paidUntil, moneyShort, leastDay, endedAt } }: { lease: Lease }) {
  const { currency } = cost;
  const over = endedAt !== null;
  return (
    <Section title={over ? 'What did it cost?' : 'What does it cost?'} note={leastDay ? 'At least a day is paid, as the terms of Macs want it.' : 'By the started minute.'}>
      <Facts items={[
        [over ? 'In all' : 'So far', <Money key="so-far" pico={cost.soFar} currency={currency} />], ['In the bill', <Money key="booked" pico={cost.booked} currency={currency} />],
        ...(over ? [] : [
          ['At its end', cost.atEnd === null ? 'it has no end' : <Money key="end" pico={cost.atEnd} currency={currency} />] as const,
          ['By the end of the month', <span key="month"><Money pico={cost.thisMonth} currency={currency} /> if it goes on</span>] as const,
        ]),
        ['Never more than', cost.atMost === null ? 'no limit of its own' : <Money key="most" pico={cost.atMost} currency={currency} />],
        ...(cost.provider === undefined ? [] : [['Its machines cost at the provider', cost.provider === null ? 'not known' : <span key="provider"><Money pico={cost.provider.soFar} currency={currency} /> so far, <Money pico={cost.provider.perHour} currency={currency} /> an hour</span>] as const]),
        ...(over ? [] : [['Paid until', paidUntil === null ? 'nothing is set aside' : <span key="until"><When at={paidUntil} />{moneyShort ? ': no more could be set aside, so it ends then' : ''}</span>] as const]),
        ['Minutes', `${count(minutes.paid)} paid${minutes.outOfReach === 0 ? '' : `, ${plural(minutes.outOfReach, 'more was', 'more were')} out of reach and not paid`}`],
      ]} />
    </Section>
  );
}

function GetIn({ lease }: { lease: Lease }) {
  const inside = lease.state === 'running' && (lease.access === 'shell' || lease.access === 'root');
  return (
    <Section title="How do you get in?" note={inside ? 'By any OpenSSH client, through this server: the machine has no open port.' : undefined}>
      {inside ? <div className="form"><Command line={commands.ssh(lease.id)} /><div className="row"><ButtonLink to={`/fleet/leases/${lease.id}/terminal`}>Open a terminal</ButtonLink><ButtonLink to={`/fleet/leases/${lease.id}/screen`}>Open its screen</ButtonLink></div></div> : <p className="muted">{lease.state !== 'running' ? 'There is nothing to enter while it does not run.' : `Its access is ${lease.access}: there is no shell.`}</p>}
    </Section>
  );
}

