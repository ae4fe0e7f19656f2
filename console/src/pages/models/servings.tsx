import { useQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import { commands } from '../../lib/commands.ts';
import { count, plural } from '../../lib/format.ts';
import { widestFraction } from '../../lib/money.ts';
import { byNumber, byText } from '../../lib/order.ts';
import { useUrlState } from '../../lib/url.ts';
import { ColumnMoney } from '../../ui/amount.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Empty } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { ModelPage } from './frame.tsx';
import { SERVING_STATE, secondsText, type Serving } from './serving-words.ts';

/** Which models are served from leased machines, and do their tokens pay for them? */
export function ServingsPage() {
  const query = useQuery(queries.servings);
  const items = query.data?.items;
  const lead = items ? servingsLead(items) : query.error ? 'The served models could not be read.' : 'Reading the served models…';
  return (
    <ModelPage title="Serving" lead={lead} busy={!items && !query.error}>
      <Show query={query} bones={<TableBones columns={6} />}>
        {({ items: shown }) => (shown.length === 0
          ? <Empty title="Nothing is served from leased machines" command={commands.servingAsk}><p>A lease runs vLLM, llama.cpp or the local engine, and becomes a model of the API without an open port. It sleeps while nobody calls it.</p></Empty>
          : <><List servings={shown} /><SameInTerminal line={commands.servings} /></>)}
      </Show>
    </ModelPage>
  );
}

function servingsLead(servings: readonly Serving[]): string {
  if (servings.length === 0) return 'No model is served from leased machines.';
  const replicas = servings.reduce((sum, { readyReplicas }) => sum + readyReplicas, 0);
  const asleep = servings.filter(({ state }) => state === 'asleep').length;
  return `${plural(servings.length, 'model')} on ${plural(replicas, 'replica')} that ${replicas === 1 ? 'answers' : 'answer'}${asleep === 0 ? '' : `; ${count(asleep)} ${asleep === 1 ? 'sleeps' : 'sleep'}`}.`;
}

function List({ servings }: { servings: readonly Serving[] }) {
  const [{ sort = '' }, set] = useUrlState();
  const currency = servings[0]?.money.currency ?? '';
  const decimals = widestFraction(servings.flatMap(({ money: { perMillion: of } }) => (of === null ? [] : [of.charged, of.occupancy])));
  const perMillion = (pico: string | undefined) => (pico === undefined ? <span className="muted">–</span> : <ColumnMoney pico={pico} decimals={decimals} currency={currency} />);
  return (
    <Table label="Served models" rows={servings} rowKey={({ id }) => id} rowTo={({ id }) => `/models/serving/${id}`} sort={sort} onSort={(next) => set({ sort: next })} columns={[
      { id: 'name', header: 'Name', narrow: 'title', compare: byText(({ name }) => name), cell: ({ name }) => name },
      { id: 'state', header: 'State', narrow: 'side', width: '8rem', compare: byText(({ state }) => state), cell: ({ state }) => <State tone={SERVING_STATE[state].tone}>{SERVING_STATE[state].word}</State> },
      { id: 'why', header: 'Because', narrow: 'hidden', width: '28%', cell: ({ reason }) => <span className="clip" title={reason ?? undefined}>{reason ?? <span className="muted">–</span>}</span> },
      { id: 'replicas', header: 'Replicas', numeric: true, narrow: 'sub', width: '7rem', cell: ({ readyReplicas, wantedReplicas, max }) => `${readyReplicas} of ${wantedReplicas}, max ${max}` },
      { id: 'load', header: 'Running', numeric: true, narrow: 'hidden', width: '8rem', cell: ({ running, waiting }) => (waiting === 0 ? count(running) : `${count(running)}, ${count(waiting)} wait`) },
      { id: 'cold', header: 'Cold start', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ coldStartMs }) => secondsText(coldStartMs) },
      { id: 'paid', header: 'Paid', unit: `${currency} per million`, numeric: true, narrow: 'hidden', width: '10rem', compare: byNumber(({ money }) => money.perMillion?.charged), cell: ({ money }) => perMillion(money.perMillion?.charged) },
      { id: 'cost', header: 'Cost', unit: `${currency} per million`, numeric: true, narrow: 'hidden', width: '10rem', compare: byNumber(({ money }) => money.perMillion?.occupancy), cell: ({ money }) => perMillion(money.perMillion?.occupancy) },
    ]} />
  );
}
