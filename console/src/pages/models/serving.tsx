import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { Ago, Money } from '../../ui/amount.tsx';
import { Command, SameInTerminal } from '../../ui/command.tsx';
import { Facts, Page, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { Bone } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { REPLICA_STATE, SERVING_STATE, secondsText, servingLead, type Replica, type Serving } from './serving-words.ts';

/** How is this model served, and do its tokens pay for its machines? */
export function ServingPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.serving(id));
  const serving = query.data?.serving;
  const lead = serving ? servingLead(serving) : query.error ? 'The served model could not be read.' : 'Reading the served model…';
  return (
    <Page title={serving?.name ?? 'Served model'} up={{ to: '/models/serving', title: 'Serving' }} lead={lead} busy={!serving && !query.error}>
      <Show query={query} bones={<div className="facts">{Array.from({ length: 8 }, (_, index) => <div key={index}><Bone width={90} /><Bone width={180} /></div>)}</div>}>
        {({ serving: shown, replicas }) => (
          <>
            <ServingFacts serving={shown} />
            <Cost serving={shown} />
            <Section title="Where does it run?" note="Each replica is a lease of its own. The newest stand first."><Replicas replicas={replicas} /><SameInTerminal line={commands.servingShow(shown.name)} /></Section>
            {shown.state === 'stopped' ? null : <Section title="Change it" note="What runs on a replica that goes is finished first."><Command line={commands.servingScale(shown.name, shown.min, shown.max)} /><Command line={commands.servingStop(shown.name)} /></Section>}
          </>
        )}
      </Show>
    </Page>
  );
}

function ServingFacts({ serving }: { serving: Serving }) {
  const { tone, word } = SERVING_STATE[serving.state];
  return (
    <Facts items={[
      ['State', <span key="state"><State tone={tone}>{word}</State>{serving.reason === null ? null : <span className="muted beside"> {serving.reason}</span>}</span>],
      ['Model', `${serving.model} by ${serving.engine}`],
      ['Replicas', `${serving.readyReplicas} of ${serving.wantedReplicas} answer; between ${serving.min} and ${serving.max}`],
      ['Sleeps', serving.idleMinutes === null ? 'never' : `down to ${serving.min} after ${plural(serving.idleMinutes, 'minute')} without a call`],
      ['Load', `${count(serving.running)} running, ${count(serving.waiting)} waiting`],
      ['Cold start', `${secondsText(serving.coldStartMs)}; a call meanwhile ${serving.cold === 'wait' ? 'waits' : 'is answered 503'}`],
      ['Asked by', serving.askedBy], ['Begun', <Ago key="created" at={serving.createdAt} />], ['Id', <code key="id">{serving.id}</code>],
    ]} />
  );
}

function Cost({ serving: { money } }: { serving: Serving }) {
  const { currency, perMillion } = money;
  const amount = (pico: string) => <Money pico={pico} currency={currency} />;
  return (
    <Section title="Do its tokens pay for its machines?" note="Of the last 30 days. A minute of a machine is split over the tokens that were made in it, some minutes after it; minutes without a token stand apart.">
      <Facts items={[
        ['Tokens', count(Number(money.tokens))],
        ['Callers paid', amount(money.charged)],
        ['Minutes with tokens', <span key="busy">{amount(money.busyCost)} for {plural(money.busyMinutes, 'minute')}</span>],
        ['Idle minutes', <span key="idle">{amount(money.idleCost)} for {plural(money.idleMinutes, 'minute')}</span>],
        ['Paid for a million tokens', perMillion === null ? '–' : amount(perMillion.charged)],
        ['Cost of a million tokens', perMillion === null ? '–' : <span key="cost">{amount(perMillion.occupancy)}, or {amount(perMillion.busy)} without idle minutes</span>],
      ]} />
    </Section>
  );
}

function Replicas({ replicas }: { replicas: readonly Replica[] }) {
  if (replicas.length === 0) return <p className="none muted">No replica was asked for yet.</p>;
  return (
    <Table label="Replicas" rows={replicas} rowKey={({ id }) => id} columns={[
      { id: 'number', header: 'Replica', narrow: 'title', width: '6rem', cell: ({ number }) => `#${number}` },
      { id: 'state', header: 'State', narrow: 'side', width: '11rem', cell: ({ state }) => <State tone={REPLICA_STATE[state].tone}>{REPLICA_STATE[state].word}</State> },
      { id: 'why', header: 'Because', narrow: 'sub', cell: ({ reason }) => <span className="clip">{reason ?? <span className="muted">–</span>}</span> },
      { id: 'lease', header: 'Lease', narrow: 'hidden', width: '7rem', cell: ({ leaseId }) => (leaseId === null ? <span className="muted">–</span> : <Link to={`/fleet/leases/${leaseId}`}>{leaseId.slice(0, 8)}</Link>) },
      { id: 'load', header: 'Running', numeric: true, narrow: 'hidden', width: '8rem', cell: ({ figures }) => (figures === null ? '–' : `${figures.running ?? '–'}, ${figures.waiting ?? '–'} wait`) },
      { id: 'cache', header: 'Cache', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ figures }) => (figures?.cacheUse === null || figures === null ? '–' : `${Math.round(figures.cacheUse * 100)} %`) },
      { id: 'cold', header: 'Started in', numeric: true, narrow: 'hidden', width: '12rem', cell: ({ coldStart }) => (coldStart === null ? '–' : `${secondsText(coldStart.totalMs)}: lease ${secondsText(coldStart.leaseMs)}`) },
    ]} />
  );
}
