import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api } from '../../api/client.ts';
import type { BodyOf, ReplyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { commands } from '../../lib/commands.ts';
import { parseMoney, plainAmount } from '../../lib/money.ts';
import { useProject } from '../../lib/url.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { Field } from '../../ui/field.tsx';
import { ErrorNotice } from '../../ui/notice.tsx';
import { Page } from '../../ui/page.tsx';
import { Secret } from '../../ui/secret.tsx';
import { ModelsField } from './models-field.tsx';

type Body = BodyOf<'/api/keys', 'post'>;
type Made = ReplyOf<'/api/keys', 'post'>;
type Period = 'day' | 'month' | 'total';
const ROLES: readonly (readonly [Schemas['Key']['role'], string])[] = [['developer', 'developer: calls models'], ['viewer', 'viewer: reads only'], ['admin', 'admin: changes everything but owners'], ['owner', 'owner: everything']];

const invalid = (message: string, param: string): ApiError => new ApiError(0, { code: 'invalid_request', message, next: 'Correct the field and try again.', param });

export function NewKeyPage() {
  const [made, setMade] = useState<Made>();
  return (
    <Page title="Make a key" up={{ to: '/keys', title: 'Keys' }} lead={made ? `${made.key.name} is ready to use.` : 'A key lets one program call models, within limits that you set.'}>
      {made ? <Ready made={made} onAnother={() => setMade(undefined)} /> : <KeyForm onMade={setMade} />}
    </Page>
  );
}

function KeyForm({ onMade }: { onMade: (made: Made) => void }) {
  const { organisation } = useWhoami();
  const whyNot = useWhyNot('keys.write');
  const projects = useQuery(queries.projects).data?.items.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const chosenProject = useProject();
  const [name, setName] = useState('');
  const [project, setProject] = useState(chosenProject ?? '');
  const [role, setRole] = useState<Schemas['Key']['role']>('developer');
  const [models, setModels] = useState<readonly string[] | null>(null);
  const [budget, setBudget] = useState('');
  const [period, setPeriod] = useState<Period>('month');
  const [expires, setExpires] = useState('');
  const create = useAction(async () => {
    const amount = budget.trim() === '' ? null : parseMoney(budget);
    if (name.trim() === '') throw invalid('A key needs a name.', 'name');
    if (amount === undefined || (amount !== null && amount < 0n)) throw invalid(`“${budget}” is not an amount of ${organisation.currency}, such as 25 or 12.50.`, 'budget');
    const body: Body = {
      name: name.trim(), role, models: models === null ? null : [...models], expiresAt: expires === '' ? null : `${expires}T00:00:00.000Z`,
      budget: amount === null ? null : { amount: amount.toString(), period }, ...(project === '' ? {} : { projectId: project }),
    };
    return api.post('/api/keys', { body });
  }, ['keys', 'budgets', 'events']);
  const wrong = (param: string): string | undefined => (create.error?.param?.startsWith(param) ? create.error.message : undefined);
  return (
    <form className="form sheet" onSubmit={(event) => {
      event.preventDefault();
      if (whyNot === undefined) void create.run().then((made) => made && onMade(made));
    }}>
      <Field label="Name" hint="What uses it: the bill names this." error={wrong('name')}>{(field) => <input {...field} autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <div className="pair">
        <Field label="Project" error={wrong('projectId')}>{(field) => <select {...field} value={project} onChange={(event) => setProject(event.target.value)}>{project === '' ? <option value="">{projects[0]?.name ?? 'The first project'}</option> : null}{projects.filter(({ id }, index) => project !== '' || index > 0 || id === project).map(({ id, name: title }) => <option key={id} value={id}>{title}</option>)}</select>}</Field>
        <Field label="Role" error={wrong('role')}>{(field) => <select {...field} value={role} onChange={(event) => setRole(event.target.value as Schemas['Key']['role'])}>{ROLES.map(([value, title]) => <option key={value} value={value}>{title}</option>)}</select>}</Field>
      </div>
      <div className="pair">
        <Field label={`Budget, ${organisation.currency}`} hint="Calls stop before it is overrun. Empty: no limit of its own." error={wrong('budget')}>{(field) => <input {...field} inputMode="decimal" className="num" placeholder="no limit" value={budget} onChange={(event) => setBudget(event.target.value)} />}</Field>
        <Field label="For">{(field) => <select {...field} value={period} onChange={(event) => setPeriod(event.target.value as Period)}><option value="month">each month</option><option value="day">each day</option><option value="total">its whole life</option></select>}</Field>
      </div>
      <ModelsField value={models} onChange={setModels} />
      <Field label="Works until" hint="The start of that day, UTC. Empty: until it is revoked." error={wrong('expiresAt')}>{(field) => <input {...field} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}</Field>
      {create.error && ['name', 'budget', 'projectId', 'role', 'expiresAt'].every((param) => wrong(param) === undefined) ? <ErrorNotice error={create.error} /> : null}
      <div className="row"><Button kind="primary" type="submit" busy={create.busy} why={whyNot}>{create.busy ? 'Making the key…' : 'Make the key'}</Button><ButtonLink to="/keys" kind="quiet">Back to the keys</ButtonLink></div>
      <SameInTerminal line={commands.keyCreate(name, { budget, period, role, models, project: projects.find(({ id }) => id === project)?.name, expires })} />
    </form>
  );
}

function Ready({ made, onAnother }: { made: Made; onAnother: () => void }) {
  const { organisation } = useWhoami();
  const { budget } = made.key;
  return (
    <div className="form sheet">
      <Secret title={`The secret of ${made.key.name}`} secret={made.secret} />
      <p>It works now{budget ? `, until ${plainAmount(budget.amount)} ${organisation.currency} are spent` : ''}. Programs send it as <code>Authorization: Bearer</code>, or read it from <code>TANDEM_KEY</code>.</p>
      <div className="row"><ButtonLink to={`/keys/${made.key.id}`} kind="primary">See the key</ButtonLink><Button onClick={onAnother}>Make another</Button></div>
    </div>
  );
}
