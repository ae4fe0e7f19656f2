import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useNow } from '../../lib/clock.ts';
import { commands } from '../../lib/commands.ts';
import { relativeTime } from '../../lib/format.ts';
import { Ago, Since, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { EventList } from './event-list.tsx';
import { LeaseTable } from './lease-table.tsx';
import { ApproveDialog, SteerDialog } from './node-dialogs.tsx';
import type { Verb } from './node-dialogs.tsx';
import { Doctor, Inventory } from './node-parts.tsx';
import { Rented } from './rented.tsx';
import { nodeSince } from './since.ts';
import { NODE_STATE, isLive, nodeReason, platformText } from './states.ts';
import type { Node } from './states.ts';
import { NodeWipes } from './wipes.tsx';

type Open = Verb | 'approve';

/** What is this machine, how is it, and what is on it? */
export function NodePage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.node(id));
  const [open, setOpen] = useState<Open>();
  const now = useNow();
  const whyNot = useWhyNot('nodes.write');
  const node = query.data?.node;
  const over = whyNot ?? (node === undefined ? 'The node is not read yet.' : node.state === 'removed' ? 'The node is removed.' : undefined);
  const lead = node ? nodeLead(node, now) : query.error ? 'The node could not be read.' : 'Reading the node…';
  const act = (what: Open, title: string, kind: 'plain' | 'danger' = 'plain') => <Button kind={kind} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen(what)}>{title}</Button>;
  return (
    <Page title={node?.name ?? 'Node'} up={{ to: '/fleet/nodes', title: 'Fleet' }} lead={lead} busy={!node && !query.error}
      actions={<>
        {node?.wanted.what === 'serve' || node === undefined ? <>{act('cordon', 'Cordon')}{act('drain', 'Drain')}{act('maintain', 'Maintain')}</> : act('uncordon', 'Let it serve')}
        {act('remove', 'Remove', 'danger')}
      </>}>
      <Show query={query} bones={<div className="facts">{Array.from({ length: 8 }, (_, index) => <div key={index}><Bone width={90} /><Bone width={180} /></div>)}</div>}>
        {({ node: shown, events, rented }) => (
          <>
            {over !== undefined ? <p className="muted small why-line">{over}</p> : null}
            <NodeFacts shown={shown} events={events} />
            <Section title="What does it say it is?" note={<>A claim of the machine itself{shown.inventoryAt === null ? '' : <>, <Ago at={shown.inventoryAt} /></>}. {approval(shown)}</>} actions={<Button kind={shown.approved === null || shown.changed.length > 0 ? 'primary' : 'plain'} aria-disabled={over !== undefined || undefined} title={over} onClick={() => over ?? setOpen('approve')}>{shown.approved === null ? 'Approve it' : 'Approve again'}</Button>}>
              <Inventory inventory={shown.inventory} />
            </Section>
            <OnIt node={shown} />
            <NodeWipes node={shown} />
            <Rented rented={rented} />
            <Section title="Can it do its work?"><Doctor node={shown} /></Section>
            <Section title="What happened?" note="Newest first."><EventList events={events} empty="Nothing has happened to it yet." /></Section>
            {open === 'approve' ? <ApproveDialog node={shown} onClose={() => setOpen(undefined)} /> : null}
            {open !== undefined && open !== 'approve' ? <SteerDialog node={shown} verb={open} onClose={() => setOpen(undefined)} /> : null}
          </>
        )}
      </Show>
    </Page>
  );
}

function nodeLead(node: Node, now: number): string {
  const reason = nodeReason(node);
  const said = node.state === 'offline' ? (node.lastSeenAt === null ? 'has not been heard yet' : `was last heard ${relativeTime(node.lastSeenAt, now)}`)
    : node.state === 'ready' ? 'is ready to be leased' : `is ${NODE_STATE[node.state].word.toLowerCase()}`;
  const until = node.wanted.deadlineAt === null ? '' : `; what still runs is ended ${relativeTime(node.wanted.deadlineAt, now)}`;
  return `${node.name} ${said}${reason === undefined ? '' : `: ${reason}`}${until}.`;
}

function approval({ approved, changed }: Node): string {
  if (approved === null) return 'Nobody has approved it, so it serves no other organisation.';
  return changed.length === 0 ? `Approved by ${approved.by}.` : `Since ${approved.by} approved it, it says another ${changed.join(', ')}.`;
}

function NodeFacts({ shown, events }: { shown: Node; events: Parameters<typeof nodeSince>[1] }) {
  const { tone, word } = NODE_STATE[shown.state];
  const { wanted, health, quarantine } = shown;
  return (
    <Facts items={[
      ['State', <span key="state"><State tone={tone}>{word}</State><span className="muted beside"> <Since at={nodeSince(shown, events)} /></span></span>],
      ['Health', health.reasons.length === 0 ? health.state : `${health.state}: ${health.reasons.join('; ')}`],
      ['Wanted', wanted.what === 'serve' ? 'to serve' : <span key="wanted">{wanted.what}{wanted.by === null ? '' : ` by ${wanted.by}`}{wanted.at === null ? null : <>, <Ago at={wanted.at} /></>}{wanted.reason === null ? '' : `: ${wanted.reason}`}</span>],
      ...(wanted.deadlineAt === null ? [] : [['Ended by force', <When key="deadline" at={wanted.deadlineAt} />] as const]),
      ...(quarantine === null ? [] : [['Quarantined', <span key="quarantine">{quarantine.reason}, <Ago at={quarantine.at} /></span>] as const]),
      ['Pool', shown.pool], ['Platform', platformText(shown)],
      ['Connected', shown.connected ? 'yes' : 'no'], ['Last heard', <Ago key="seen" at={shown.lastSeenAt} />],
      ['Agent', shown.agentVersion === null ? 'unknown' : <code key="agent" className="break">{shown.agentVersion}</code>],
      ['Added', <When key="made" at={shown.createdAt} />], ['Could first be leased', shown.usableAt === null ? 'not yet' : <When key="usable" at={shown.usableAt} />],
      ['Id', <code key="id">{shown.id}</code>],
    ]} />
  );
}

function OnIt({ node }: { node: Node }) {
  const query = useQuery(queries.leases({ state: 'live' }));
  const on = query.data?.items.filter((lease) => isLive(lease) && lease.machines.some(({ machineId }) => machineId === node.id));
  return (
    <Section title="What is leased on it?">
      <Show query={{ ...query, data: on }} bones={<Bone width={260} />}>{(leases) => (leases.length === 0 ? <p className="muted">No lease of this organisation is on it.</p> : <LeaseTable label={`Leases on ${node.name}`} leases={leases} />)}</Show>
      <SameInTerminal line={commands.leases} />
    </Section>
  );
}
