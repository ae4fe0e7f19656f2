import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';
import { GOALS } from './goals.ts';

type Model = Schemas['Model'];

/** A target as it is being changed: numbers are texts until they are sent. */
interface Draft {
  readonly id: number;
  readonly backendId: string;
  readonly model: string;
  readonly weight: string;
  readonly order: string;
  readonly region: string;
  /** What this form does not show, as it was. */
  readonly rest: Partial<Model['targets'][number]>;
}

const GOAL_ORDER = ['weights', 'order', 'cheapest', 'fastest', 'least-busy', 'same-prefix'] as const;

export function EditModel({ model, onClose }: { model: Model; onClose: () => void }) {
  const backends = useQuery(queries.backends).data?.items ?? [];
  const [goal, setGoal] = useState<Model['goal']>(model.goal);
  const [regions, setRegions] = useState(model.regions.join(', '));
  const [attempts, setAttempts] = useState(String(model.limits.attempts));
  const [share, setShare] = useState(model.limits.hedge === null ? '' : String(model.limits.hedge.share * 100));
  const [drafts, setDrafts] = useState<readonly Draft[]>(model.targets.map(({ backend, model: there, weight, order, region, ...rest }, id) => ({ id, backendId: backend.id, model: there, weight: String(weight), order: String(order), region: region ?? '', rest })));
  const change = (id: number, fields: Partial<Draft>): void => setDrafts(drafts.map((draft) => (draft.id === id ? { ...draft, ...fields } : draft)));
  const targets = drafts.map(({ backendId, model: there, weight, order, region, rest: { enabled, contextTokens, maxOutputTokens, outputLimitField, can } }) => ({
    backendId, model: there.trim(), weight: Number(weight), order: Number(order), region: region.trim() === '' ? null : region.trim(),
    ...(enabled !== undefined && { enabled }), ...(contextTokens !== undefined && { contextTokens }), ...(maxOutputTokens !== undefined && { maxOutputTokens }), ...(outputLimitField !== undefined && { outputLimitField }), ...(can !== undefined && { can }),
  }));
  const listed = regions.split(',').map((region) => region.trim()).filter((region) => region !== '');
  const hedge = share.trim() === '' || Number(share) === 0 ? null : { share: Number(share) / 100, afterMs: model.limits.hedge?.afterMs ?? null };
  const save = useAction(() => api.patch('/api/models/{name}', { path: { name: model.name }, body: { goal, regions: listed, limits: { ...model.limits, attempts: Number(attempts), hedge }, targets } }), ['models', 'events']);
  const nameOf = (id: string): string => backends.find((backend) => backend.id === id)?.name ?? model.targets.find(({ backend }) => backend.id === id)?.backend.name ?? '';
  return (
    <Dialog title={`Change ${model.name}`} onClose={onClose} wide>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void save.run().then((saved) => {
          if (!saved) return;
          announce(`${model.name} is changed; calls take it from now on`);
          onClose();
        });
      }}>
        <div className="pair">
          <Field label="A target is chosen">{(field) => <select {...field} value={goal} onChange={(event) => setGoal(GOAL_ORDER.find((one) => one === event.target.value) ?? 'weights')}>{GOAL_ORDER.map((one) => <option key={one} value={one}>{GOALS[one]}</option>)}</select>}</Field>
          <Field label="Regions, the first to be tried first" hint="Empty: all alike.">{(field) => <input {...field} className="mono" spellCheck={false} value={regions} onChange={(event) => setRegions(event.target.value)} />}</Field>
        </div>
        <div className="pair">
          <Field label="Attempts at most">{(field) => <input {...field} inputMode="numeric" className="num" value={attempts} onChange={(event) => setAttempts(event.target.value)} />}</Field>
          <Field label="Spend for second attempts, %" hint="Empty: none is made before the first has failed.">{(field) => <input {...field} inputMode="decimal" className="num" value={share} onChange={(event) => setShare(event.target.value)} />}</Field>
        </div>
        {drafts.map((draft, at) => (
          <fieldset key={draft.id} className="target-fields">
            <legend>Target {at + 1}</legend>
            <Field label="Backend">{(field) => <select {...field} value={draft.backendId} onChange={(event) => change(draft.id, { backendId: event.target.value })}>{backends.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</select>}</Field>
            <Field label="Its name there">{(field) => <input {...field} className="mono" spellCheck={false} maxLength={300} value={draft.model} onChange={(event) => change(draft.id, { model: event.target.value })} />}</Field>
            <Field label="Weight">{(field) => <input {...field} inputMode="numeric" className="num" value={draft.weight} onChange={(event) => change(draft.id, { weight: event.target.value })} />}</Field>
            <Field label="Order">{(field) => <input {...field} inputMode="numeric" className="num" value={draft.order} onChange={(event) => change(draft.id, { order: event.target.value })} />}</Field>
            <Field label="Region">{(field) => <input {...field} className="mono" spellCheck={false} value={draft.region} onChange={(event) => change(draft.id, { region: event.target.value })} />}</Field>
            <button type="button" className="icon-button" aria-label={`Remove target ${String(at + 1)}`} aria-disabled={drafts.length === 1 || undefined} onClick={() => {
              if (drafts.length > 1) setDrafts(drafts.filter(({ id }) => id !== draft.id));
            }}><Trash2 size={16} aria-hidden /></button>
          </fieldset>
        ))}
        <div className="row"><Button icon={<Plus size={16} aria-hidden />} onClick={() => setDrafts([...drafts, { id: Math.max(...drafts.map(({ id }) => id)) + 1, backendId: backends.find(({ kind }) => kind !== 'local')?.id ?? backends[0]?.id ?? '', model: model.targets[0]?.model ?? '', weight: '1', order: '0', region: '', rest: {} }])}>Add a target</Button></div>
        {save.error ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy}>Save</Button></div>
        <SameInTerminal line={commands.modelSet(model.name, targets.map((target) => ({ ...target, backend: nameOf(target.backendId) })), { goal, regions: listed, attempts, share })} />
      </form>
    </Dialog>
  );
}
