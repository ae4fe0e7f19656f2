import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { useProject, useUrlState } from '../../lib/url.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { announce } from '../../ui/toasts.tsx';
import { HomeFields, JobFields } from './lease-fields.tsx';
import { Plan, planOf } from './lease-plan.tsx';
import { NO_WISH, kindHere, wishOf } from './wish.ts';
import type { NewJob, Wish, WishFields } from './wish.ts';

const ACCESS = [['shell', 'A shell, by SSH'], ['job', 'A job, that runs once'], ['api', 'Its API alone'], ['root', 'Raw root']] as const;

/** What is wanted, what it would cost, and only then the button. */
export function NewLeasePage() {
  const { organisation } = useWhoami();
  const whyNot = useWhyNot('leases.write');
  const navigate = useNavigate();
  const cache = useQueryClient();
  const project = useProject();
  const projects = useQuery(queries.projects).data?.items.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const pools = useQuery(queries.pools).data?.items ?? [];
  const here = kindHere(pools.flatMap(({ resources }) => resources));
  const [{ volume = '' }] = useUrlState();
  const [chosen, setFields] = useState<WishFields>({ ...NO_WISH, project: project ?? '', volume });
  const [isChosen, setIsChosen] = useState(false);
  // Until a kind is chosen it is one that is here: a page that opens with a refusal helps nobody.
  const fields = isChosen || here === undefined ? chosen : { ...chosen, kind: here, hours: here === 'mac' && chosen.hours === NO_WISH.hours ? '24' : chosen.hours };
  // The same wish pressed twice is one lease: a key of its own goes with it until it is changed.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const read = wishOf(fields);
  const change = (next: Partial<WishFields>): void => {
    setFields(() => ({ ...fields, ...next }));
    setIsChosen(true);
    setKey(crypto.randomUUID());
  };
  const lease = useAction(async () => {
    if (!('wish' in read)) return undefined;
    // What stands in the plan is what was agreed to: where it costs more by now, nothing is leased, and the plan says the new price.
    const agreed = planOf(cache, read.wish)?.cost ?? null;
    try {
      return await api.post('/api/leases', { body: { key, ...read.wish, agreed, job: read.job } });
    } catch (error) {
      void cache.invalidateQueries({ queryKey: ['quote'] });
      throw error;
    }
  }, ['leases', 'events']);
  const wrong = (field: keyof WishFields): string | undefined => ('fault' in read && read.fault.field === field ? read.fault.message : undefined);
  const text = (name: Exclude<keyof WishFields, 'record' | 'keepOpen'>, label: string, hint?: string, placeholder?: string) => (
    <Field label={label} hint={hint} error={wrong(name)}>{(field) => <input {...field} placeholder={placeholder} maxLength={60} value={fields[name]} onChange={(event) => change({ [name]: event.target.value })} />}</Field>
  );
  return (
    <Page title="Lease a machine" up={{ to: '/fleet/leases', title: 'Fleet' }} lead="Say what you need: the price stands below before anything begins.">
      <form className="form sheet" onSubmit={(event) => {
        event.preventDefault();
        if (whyNot === undefined && 'wish' in read) void lease.run().then((made) => {
          if (made === undefined) return;
          announce(`${made.name} is asked for`);
          void navigate({ to: `/fleet/leases/${made.id}` });
        });
      }}>
        {text('name', 'Name', 'What it is for: the bill names this.', 'lease')}
        <div className="pair">
          <Field label="What">{(field) => <select {...field} value={fields.kind} onChange={(event) => change({ kind: event.target.value as WishFields['kind'], hours: event.target.value === 'mac' ? '24' : fields.hours })}><option value="gpu">GPUs</option><option value="node">A whole machine</option><option value="mac">A Mac</option></select>}</Field>
          {text('machines', 'Machines', 'Together: all or none.')}
        </div>
        {fields.kind === 'gpu' ? <><div className="pair">{text('gpus', 'GPUs on each')}{text('gpu', 'Of the kind', 'Empty: any.', 'h100-80gb')}</div>{text('slice', 'Or slices of the profile', 'Instead of whole GPUs, where the hardware divides them.', '1g.10gb')}</> : null}
        {fields.kind === 'mac' ? <div className="pair">{text('macClass', 'Class', 'Empty: any.', 'm4')}{text('xcode', 'With Xcode', 'Empty: any.', '26.1')}</div> : null}
        <div className="pair">
          <Field label="Pool">{(field) => <select {...field} value={fields.pool} onChange={(event) => change({ pool: event.target.value })}><option value="">The cheapest that fits</option>{pools.map(({ name, own, standIn }) => <option key={`${own} ${name}`} value={name}>{name}{standIn ? ' (stand-in, not macOS)' : ''}</option>)}</select>}</Field>
          <Field label="Access">{(field) => <select {...field} value={fields.access} onChange={(event) => change({ access: event.target.value as WishFields['access'] })}>{ACCESS.map(([value, title]) => <option key={value} value={value}>{title}</option>)}</select>}</Field>
        </div>
        <div className="pair">
          {text('hours', 'Hours', 'Empty: until you end it.')}
          {text('atMost', `At most, ${organisation.currency}`, 'It ends before it would cost more.', 'no limit')}
        </div>
        <Field label="Project">{(field) => <select {...field} value={fields.project} onChange={(event) => change({ project: event.target.value })}><option value="">Your own</option>{projects.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</select>}</Field>
        {fields.access === 'job' ? <JobFields fields={fields} wrong={wrong} onChange={change} /> : null}
        <HomeFields fields={fields} projectId={fields.project === '' ? undefined : fields.project} pools={pools} onChange={change} />
        {'wish' in read ? <Plan wish={read.wish} allowed={whyNot === undefined} /> : null}
        {lease.error ? <ErrorNotice error={lease.error} /> : null}
        <div className="row"><Button kind="primary" type="submit" busy={lease.busy} why={whyNot ?? ('fault' in read ? read.fault.message : undefined)}>{lease.busy ? 'Asking for it…' : 'Lease it'}</Button><ButtonLink to="/fleet/leases" kind="quiet">Back to the leases</ButtonLink></div>
        {'wish' in read ? <SameInTerminal line={inTerminal(fields, read.wish, read.job, projects.find(({ id }) => id === fields.project)?.name ?? '')} /> : null}
      </form>
    </Page>
  );
}

/** The verb that leases the same. Whole machines by what they are have none: there the route itself is called. */
function inTerminal(fields: WishFields, wish: Wish, job: NewJob | null, project: string): string {
  if (fields.kind === 'node') return apiCall('POST', '/api/leases', { key: 'KEY', ...(job === null ? {} : { job: { ...job, env: Object.fromEntries(Object.keys(job.env ?? {}).map((name) => [name, 'VALUE'])) } }), ...Object.fromEntries(Object.entries(wish).filter(([name, value]) => value !== null || name === 'minutes')) });
  return commands.leaseAsk(fields.kind, {
    gpus: wish.gpus ?? 1, gpu: wish.gpu ?? '', slice: wish.slice ?? '', macClass: wish.macClass ?? '', xcode: wish.xcode ?? '', machines: wish.machines ?? 1, pool: wish.pool ?? '', access: fields.access,
    minutes: wish.minutes ?? null, atMost: fields.atMost.trim(), project, name: fields.name.trim(), record: fields.record, volume: fields.volume, job: job === null ? null : { command: job.command, env: Object.keys(job.env ?? {}), keepOpen: fields.keepOpen },
  });
}
