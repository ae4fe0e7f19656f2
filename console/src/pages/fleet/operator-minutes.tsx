import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReplyOf } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useSeesCosts } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { shortMoney } from '../../lib/money.ts';
import { Ago } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Table } from '../../ui/table.tsx';

type Minutes = ReplyOf<'/api/operator-minutes', 'get'>;

const WORD: Readonly<Record<Minutes['kinds'][number]['kind'], string>> = {
  approval: 'Waits for an approval', quarantined: 'Quarantined', sick: 'Sick', order: 'An order needs somebody', setup: 'Set up by hand', step: 'Steps by hand',
};

/** What managing machines costs besides the machines, for who sees costs. */
export function OperatorMinutes() {
  const minutes = useQuery({ ...queries.operatorMinutes, enabled: useSeesCosts() }).data;
  if (minutes === undefined || minutes.nodes === 0) return null;
  const { waiting, setup, price, cost } = minutes;
  return (
    <Section title="What do they cost a person?" note="Minutes in which a machine waited for somebody this month, nights included, and steps done by hand.">
      <Facts items={[
        ['Waited', `${plural(minutes.minutes, 'minute')}${minutes.minutesPerNode === null ? '' : `, ${count(Math.round(minutes.minutesPerNode))} a node`}`],
        ['By hand', plural(minutes.steps, 'step')],
        ['From the line to a usable node', setup === null ? 'None was set up by hand' : `${count(setup.meanSeconds)} s on average, ${count(setup.longestSeconds)} s at most`],
        ['Worth', price === null || cost === null ? 'Not known: nobody has said what a minute is worth' : `${shortMoney(cost, price.currency)}, at ${shortMoney(price.minute, price.currency)} a minute`],
      ]} />
      {waiting.length === 0 ? <p className="muted">Nothing waits for anybody now.</p> : (
        <Table label="Waits for somebody" rows={waiting} rowKey={({ kind, subject }) => `${kind} ${subject}`} columns={[
          { id: 'name', header: 'Waits now', narrow: 'title', width: '14rem', cell: ({ kind, subject, name }) => <Link to={kind === 'order' ? `/fleet/orders/${subject}` : `/fleet/nodes/${subject}`}>{name}</Link> },
          { id: 'kind', header: 'For', narrow: 'sub', width: '13rem', cell: ({ kind }) => WORD[kind] },
          { id: 'why', header: 'Because', narrow: 'hidden', width: '30%', cell: ({ detail }) => <span className="clip"><bdi>{detail}</bdi></span> },
          { id: 'since', header: 'Since', numeric: true, narrow: 'side', width: '8rem', cell: ({ since }) => <Ago at={since} /> },
        ]} />
      )}
      <SameInTerminal line={commands.operatorMinutes} />
    </Section>
  );
}
