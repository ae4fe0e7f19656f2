import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { commands } from '../../lib/commands.ts';
import { count, duration, plural } from '../../lib/format.ts';
import { exactMoney } from '../../lib/money.ts';
import { Ago } from '../../ui/amount.tsx';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/page.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { GOALS } from './goals.ts';
import { HEALTH } from './health.ts';
import { EditModel } from './model-edit.tsx';

type Model = Schemas['Model'];
type Target = Model['targets'][number];

/** What callers pay, or what a target costs, per million tokens. */
export function PricePair({ price, currency, missing }: { price: Model['price']; currency: string; missing: string }) {
  if (price === null) return missing === 'No price' ? <State tone="warn">No price</State> : <span className="muted">{missing}</span>;
  const unit = (bucket: 'input' | 'output'): string => {
    const found = price[bucket];
    return found === undefined ? '–' : found.per === '1000000' ? exactMoney(found.price, currency) : `${exactMoney(found.price, currency)} / ${count(found.per)}`;
  };
  return <span className="num">{unit('input')} / {unit('output')}</span>;
}

export function ModelDialog({ model, whyNot, onClose }: { model: Model; whyNot: string | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [mode, setMode] = useState<'show' | 'edit' | 'remove'>('show');
  const why = whyNot ?? (model.from === 'built-in' ? 'It is built in.' : model.from === 'config' ? 'It is set in the operator’s file.' : undefined);
  if (mode === 'edit') return <EditModel model={model} onClose={onClose} />;
  if (mode === 'remove') {
    return (
      <ConfirmDialog title={`Remove ${model.name}?`} name={model.name} action="Remove the model" command={commands.modelRemove(model.name)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/models/{name}', { path: { name: model.name } });
          await client.invalidateQueries({ queryKey: ['models'] });
          announce(`${model.name} is removed`);
        }}>
        <p>Calls by this name are answered with 404 from then on. Its prices and bills stay.</p>
      </ConfirmDialog>
    );
  }
  const { limits, targets } = model;
  return (
    <Dialog title={model.name} onClose={onClose} wide>
      <div className="form">
        <Facts items={[
          ['State', <span key="state"><State tone={HEALTH[model.health.state][0]}>{HEALTH[model.health.state][1]}</State>{model.health.reason === null ? '' : ` ${model.health.reason}`}{model.health.since === null ? null : <span className="muted beside">since <Ago at={model.health.since} /></span>}</span>],
          ['Chosen', `${GOALS[model.goal]}${model.regions.length === 0 ? '' : `; regions ${model.regions.join(', then ')}`}`],
          ['Tried', `${plural(limits.attempts, 'attempt')} at most, within ${duration(limits.attemptsWithinSeconds * 1000)}${limits.hedge === null ? '' : `; a second beside the first ${limits.hedge.afterMs === null ? 'after the usual time' : `after ${duration(limits.hedge.afterMs)}`}, ${String(limits.hedge.share * 100)} % of spend at most`}`],
          ['Deadlines', `head ${duration(limits.headSeconds * 1000)}, first token ${duration(limits.firstTokenSeconds * 1000)}, gap ${duration(limits.gapSeconds * 1000)}, whole ${duration(limits.wholeSeconds * 1000)}`],
          ['Price in / out', <PricePair key="price" price={model.price} currency={model.currency} missing="No price" />],
          ['Made', <Ago key="made" at={model.createdAt} />],
        ]} />
        <Table label={`Targets of ${model.name}`} rows={targets} rowKey={(target) => `${String(targets.indexOf(target))} ${target.backend.id}`} columns={[
          { id: 'target', header: 'Target', narrow: 'title', cell: ({ backend, model: there }) => <>{backend.name}<span className="muted beside mono">{there}</span></> },
          { id: 'state', header: 'State', narrow: 'side', width: '13rem', cell: (target) => <TargetState target={target} /> },
          { id: 'share', header: 'Weight', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ weight, order }) => <span className="num">{weight}{order === 0 ? '' : <span className="muted"> after {order}</span>}</span> },
          { id: 'region', header: 'Region', narrow: 'hidden', width: '6rem', cell: ({ region }) => region ?? <span className="muted">–</span> },
          { id: 'running', header: 'Running', numeric: true, narrow: 'hidden', width: '6rem', cell: ({ running }) => <span className="num">{running}</span> },
          { id: 'first', header: 'First token', numeric: true, narrow: 'hidden', width: '7rem', cell: ({ firstTokenMs }) => (firstTokenMs === null ? <span className="muted">–</span> : <span className="num">{duration(firstTokenMs)}</span>) },
          ...(targets.every(({ cost }) => cost === undefined) ? [] : [{ id: 'cost', header: 'Cost in / out', numeric: true, narrow: 'hidden' as const, width: '12rem', cell: ({ cost }: Model['targets'][number]) => <PricePair price={cost ?? null} currency={model.currency} missing="not known" /> }]),
        ]} />
        {why === undefined ? null : <p className="small muted">{why}</p>}
        <div className="row end">
          {why === undefined ? <><Button kind="danger" onClick={() => setMode('remove')}>Remove</Button><Button onClick={() => setMode('edit')}>Change it</Button></> : null}
          <span className="grow" /><ButtonLink to="/playground" search={{ model: model.name }} kind="primary">Try it</ButtonLink>
        </div>
        <SameInTerminal line={commands.modelShow(model.name)} />
      </div>
    </Dialog>
  );
}

/** The breaker goes before health: it says what happens to the next call. */
function TargetState({ target: { enabled, breaker, health } }: { target: Target }) {
  if (!enabled) return <State tone="idle">Switched off</State>;
  if (breaker.state === 'closed') return <State tone={HEALTH[health.state][0]} title={health.reason ?? undefined}>{HEALTH[health.state][1]}</State>;
  return (
    <span title={breaker.reason ?? undefined}>
      <State tone={breaker.state === 'open' ? 'bad' : 'busy'}>{breaker.state === 'open' ? 'Left alone' : 'Being tried again'}</State>
      <span className="muted small beside">{breaker.reason === null ? '' : `${breaker.reason}, `}since <Ago at={breaker.since} /></span>
    </span>
  );
}
