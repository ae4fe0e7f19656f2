import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { parseMoney, plainAmount } from '../../lib/money.ts';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { announce } from '../../ui/toasts.tsx';

type Body = BodyOf<'/api/prices', 'post'>;
type Price = Schemas['Price'];
const BUCKETS = [['input', 'Input'], ['cache_read', 'Cached input'], ['output', 'Output']] as const;
const PER = '1000000';

/** Adds a version; the form starts from the one in force, so that a change is one number. */
export function NewPrice({ known, onClose }: { known: readonly Price[]; onClose: () => void }) {
  const { organisation } = useWhoami();
  const models = useQuery(queries.models).data?.items.map(({ name }) => name) ?? [];
  const names = [...new Set([...models, ...known.map(({ resource }) => resource)])];
  const inForce = (resource: string, tier: string): Price | undefined => known.find((price) => price.resource === resource && price.tier === tier && price.side === 'sell' && price.effectiveTo === null);
  const fill = (resource: string, tier: string): Record<string, string> => Object.fromEntries(BUCKETS.map(([bucket]) => {
    const unit = inForce(resource, tier)?.buckets[bucket];
    return [bucket, unit && unit.per === PER ? plainAmount(unit.price) : ''];
  }));
  const [resource, setResource] = useState(names[0] ?? 'tandem/local');
  const [tier, setTier] = useState<'standard' | 'contributor'>('standard');
  const [amounts, setAmounts] = useState(() => fill(names[0] ?? 'tandem/local', 'standard'));
  const [from, setFrom] = useState('');
  const [source, setSource] = useState('');
  const body = (): Body => ({
    resource, tier, source: source.trim() === '' ? 'set in the console' : source.trim(),
    buckets: Object.fromEntries(BUCKETS.filter(([bucket]) => (amounts[bucket] ?? '').trim() !== '').map(([bucket]) => [bucket, { price: (parseMoney(amounts[bucket] ?? '') ?? 0n).toString(), per: PER }])),
    ...(from === '' ? {} : { effectiveFrom: new Date(`${from}Z`).toISOString() }),
  });
  const create = useAction(async () => {
    for (const [bucket, title] of BUCKETS) {
      const text = (amounts[bucket] ?? '').trim();
      if (text !== '' && (parseMoney(text) ?? -1n) < 0n) throw new ApiError(0, { code: 'invalid_request', message: `“${text}” is not a price of ${title.toLowerCase()}, such as 1.25.`, next: 'Correct it and try again.', param: `buckets.${bucket}` });
    }
    return api.post('/api/prices', { body: body() });
  }, ['prices', 'models', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param?.startsWith(param) ? create.error.message : undefined);
  return (
    <Dialog title="Add a price" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((price) => {
          if (!price) return;
          announce(`${price.resource} has a new price`);
          onClose();
        });
      }}>
        <div className="pair">
          <Field label="Model" error={wrong('resource')}>{(field) => <><input {...field} className="mono" list="price-models" value={resource} spellCheck={false} onChange={(event) => setResource(event.target.value)} onBlur={() => setAmounts((before) => (Object.values(before).some((text) => text !== '') ? before : fill(resource, tier)))} /><datalist id="price-models">{names.map((name) => <option key={name} value={name} />)}</datalist></>}</Field>
          <Field label="Tier">{(field) => <select {...field} value={tier} onChange={(event) => {
            const next = event.target.value as 'standard' | 'contributor';
            setTier(next);
            setAmounts(fill(resource, next));
          }}><option value="standard">standard</option><option value="contributor">contributor</option></select>}</Field>
        </div>
        <fieldset className="field triple"><legend>{organisation.currency} per million tokens</legend>
          {BUCKETS.map(([bucket, title]) => <Field key={bucket} label={title} error={wrong(`buckets.${bucket}`)}>{(field) => <input {...field} inputMode="decimal" className="num" value={amounts[bucket] ?? ''} onChange={(event) => setAmounts({ ...amounts, [bucket]: event.target.value })} />}</Field>)}
        </fieldset>
        <Field label="From, UTC" hint="Empty: from now. Never in the past." error={wrong('effectiveFrom')}>{(field) => <input {...field} type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />}</Field>
        <Field label="Source" hint="Where the figure comes from; it stands beside it for good." error={wrong('source')}>{(field) => <input {...field} maxLength={300} placeholder="set in the console" value={source} onChange={(event) => setSource(event.target.value)} />}</Field>
        <p className="muted small">Each line is rounded once, half to even, to a whole picodollar.</p>
        {create.error && ['resource', 'buckets', 'effectiveFrom', 'source'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Add the price</Button></div>
        <SameInTerminal line={from === '' ? commands.priceSet(resource, { input: amounts['input'] ?? '', cached: amounts['cache_read'] ?? '', output: amounts['output'] ?? '', tier, source }) : apiCall('POST', '/api/prices', body())} />
      </form>
    </Dialog>
  );
}
