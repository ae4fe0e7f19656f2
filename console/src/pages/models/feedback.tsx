import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { ReplyOf } from '../../api/client.ts';
import { useWhoami } from '../../lib/access.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration, plural } from '../../lib/format.ts';
import { widestFraction } from '../../lib/money.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { ColumnMoney } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { Table } from '../../ui/table.tsx';
import { ModelPage } from './frame.tsx';

type Scenario = ReplyOf<'/api/feedback/summary', 'get'>['items'][number];

/** What was said of replies beside how the calls went, by the caller's own scenario. */
export function FeedbackPage() {
  const query = useQuery(queries.feedback);
  const { organisation: { currency } } = useWhoami();
  const rows = query.data?.items;
  const lead = rows ? feedbackLead(rows) : query.error ? 'The feedback could not be read.' : 'Reading the feedback…';
  return (
    <ModelPage title="Feedback" lead={lead} busy={!rows && !query.error}>
      <Show query={query} bones={<TableBones rows={4} columns={6} />}>
        {({ items }) => (items.length === 0 ? <Empty title="Nothing was said yet" command={commands.feedback}><p>Name a scenario in the metadata of a call, and say how its reply was: POST /v1/feedback with the id of the reply and a rating.</p></Empty> : (
          <Table label="Scenarios" rows={items} rowKey={({ scenario }) => scenario} columns={[
            { id: 'scenario', compare: byText(({ scenario }) => scenario), header: 'Scenario', narrow: 'title', cell: ({ scenario }) => (scenario === '' ? <span className="muted">none named</span> : scenario) },
            { id: 'rating', compare: byNumber(({ said }) => said.meanRating ?? -2), header: 'Rating', narrow: 'side', numeric: true, width: '7rem', cell: ({ said }) => (said.meanRating === null ? <span className="muted">none</span> : <span className="num" title={`${said.up} up, ${said.down} down`}>{signed(said.meanRating)}</span>) },
            { id: 'said', compare: byNumber(({ said }) => said.count), header: 'Said', narrow: 'sub', numeric: true, width: '6rem', cell: ({ said }) => <span className="num">{count(said.count)}<span className="narrow-only"> said</span></span> },
            { id: 'calls', compare: byNumber(({ calls }) => Number(calls)), header: 'Calls', narrow: 'sub', numeric: true, width: '7rem', cell: ({ calls }) => <span className="num">{count(calls)}<span className="narrow-only"> calls</span></span> },
            { id: 'refusals', compare: byNumber(({ refusals }) => Number(refusals)), header: 'Refusals', narrow: 'hidden', numeric: true, width: '7rem', cell: ({ refusals }) => <span className="num">{count(refusals)}</span> },
            { id: 'first', compare: byNumber(({ firstTokenP50Ms }) => firstTokenP50Ms ?? -1), header: 'First token', narrow: 'hidden', numeric: true, width: '8rem', cell: ({ firstTokenP50Ms }) => <Time ms={firstTokenP50Ms} /> },
            { id: 'whole', compare: byNumber(({ wholeP95Ms }) => wholeP95Ms ?? -1), header: 'Whole, p95', narrow: 'hidden', numeric: true, width: '8rem', cell: ({ wholeP95Ms }) => <Time ms={wholeP95Ms} /> },
            { id: 'charge', compare: byNumber(({ charge }) => charge), header: 'Charged', unit: currency, narrow: 'sub', numeric: true, width: '9rem', cell: ({ charge }) => <ColumnMoney pico={charge} decimals={widestFraction(items.map((one) => one.charge))} currency={currency} /> },
          ]} />
        ))}
      </Show>
      <p className="small muted table-note">From ratings and figures alone. Comments and edits are kept only of projects that contribute, and leave by the export, redacted.</p>
      <SameInTerminal line={commands.feedback} />
      <SameInTerminal line={commands.feedbackExport} />
    </ModelPage>
  );
}

function feedbackLead(rows: readonly Scenario[]): string {
  const rated = rows.filter(({ said }) => said.meanRating !== null && said.rated >= 5);
  const worst = rated.toSorted((a, b) => a.said.meanRating! - b.said.meanRating!)[0];
  const things = rows.reduce((sum, { said }) => sum + said.count, 0);
  if (things === 0) return rows.length === 0 ? 'Nothing was said of replies yet.' : `${plural(rows.length, 'scenario')}, and nothing was said of their replies.`;
  if (!worst || worst.said.meanRating! >= 0) return `${plural(things, 'word')} ${things === 1 ? 'was' : 'were'} said of replies, and no scenario is rated badly.`;
  return `${worst.scenario === '' ? 'What names no scenario' : `“${worst.scenario}”`} is rated worst, ${signed(worst.said.meanRating!)} of ${plural(worst.said.rated, 'rating')}.`;
}

function Time({ ms }: { ms: number | null }) {
  return ms === null ? <span className="muted">none</span> : <span className="num">{duration(ms)}</span>;
}

function signed(rating: number): string {
  return `${rating < 0 ? '−' : '+'}${Math.abs(rating).toFixed(2)}`;
}
