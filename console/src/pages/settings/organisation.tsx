import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhoami, useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { byText } from '../../lib/order.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Facts, Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { SettingsPage } from './frame.tsx';
import { ProjectContent } from './project-content.tsx';

type Project = Schemas['Project'];

export function OrganisationPage() {
  const { organisation } = useWhoami();
  const query = useQuery(queries.projects);
  const whyNot = useWhyNot('projects.write');
  const [open, setOpen] = useState<'new' | 'name' | Project>();
  const whyNotName = useWhyNot('organisation.write');
  const live = query.data?.items.filter(({ archivedAt }) => archivedAt === null).length;
  const lead = live === undefined ? (query.error ? `The projects of ${organisation.name} could not be read.` : `Reading the projects of ${organisation.name}…`) : `${organisation.name} has ${plural(live, 'project')}, billed in ${organisation.currency}, ${organisation.billing === 'prepaid' ? 'from prepaid credit' : 'by the month'}.`;
  return (
    <SettingsPage title="Organisation" lead={lead} busy={!query.data && !query.error} actions={<Button why={whyNotName} onClick={() => setOpen('name')}>Rename</Button>}>
      <Facts items={[['Name', organisation.name], ['Currency', organisation.currency], ['Billing', organisation.billing], ['Made', <When key="made" at={organisation.createdAt} />], ['Id', <code key="id">{organisation.id}</code>]]} />
      <Section title="Which projects are there?" note="A project has keys, budgets and a line of its own in the bill." actions={<Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Make a project</Button>}>
        <Show query={query} bones={<TableBones rows={3} columns={4} />}>
          {({ items }) => (items.length === 0 ? <Empty title="There is no project yet" command={commands.projectCreate('web')}><p>The first one is made with the organisation; make another here or by the API:</p></Empty> : (
            <Table label="Projects" rows={items} rowKey={({ id }) => id} {...(whyNot === undefined ? { onRow: setOpen } : {})} columns={[
              { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => name },
              { id: 'state', compare: byText(({ archivedAt }) => archivedAt ?? ''), header: 'State', narrow: 'side', width: '9rem', cell: ({ archivedAt }) => (archivedAt === null ? <State tone="good">Active</State> : <State tone="idle">Archived</State>) },
              { id: 'tier', compare: byText(({ tier }) => tier), header: 'Tier', narrow: 'sub', width: '9rem', cell: ({ tier }) => tier },
              { id: 'made', compare: byText(({ createdAt }) => createdAt), header: 'Made', narrow: 'sub', numeric: true, width: '9rem', cell: ({ createdAt }) => <Ago at={createdAt} /> },
            ]} />
          ))}
        </Show>
      </Section>
      <SameInTerminal line={commands.projects} />
      {open === 'new' || open === 'name' ? <NameDialog kind={open} onClose={() => setOpen(undefined)} /> : open ? <ProjectDialog project={query.data?.items.find(({ id }) => id === open.id) ?? open} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

/** One name: of a new project, or of the organisation. */
function NameDialog({ kind, onClose }: { kind: 'new' | 'name'; onClose: () => void }) {
  const { organisation } = useWhoami();
  const [name, setName] = useState(kind === 'name' ? organisation.name : '');
  const body = { name: name.trim() };
  const save = useAction(async () => (kind === 'new' ? api.post('/api/projects', { body }) : api.patch('/api/organisation', { body })), ['projects', 'whoami', 'events']);
  return (
    <Dialog title={kind === 'new' ? 'Make a project' : 'Rename the organisation'} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void save.run().then((done) => done && onClose());
      }}>
        <Field label="Name" error={save.error?.param === 'name' ? save.error.message : undefined}>{(field) => <input {...field} autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        {save.error && save.error.param !== 'name' ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy}>{kind === 'new' ? 'Make the project' : 'Rename'}</Button></div>
        <SameInTerminal line={kind === 'new' ? commands.projectCreate(name) : apiCall('PATCH', '/api/organisation', body)} />
      </form>
    </Dialog>
  );
}

function ProjectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(project.name);
  const [archiving, setArchiving] = useState(false);
  const save = useAction(() => api.patch('/api/projects/{id}', { path: { id: project.id }, body: { name: name.trim() } }), ['projects', 'keys', 'events']);
  const why = project.archivedAt === null ? undefined : 'It is archived already.';
  if (archiving) {
    return (
      <ConfirmDialog title={`Archive ${project.name}?`} name={project.name} action="Archive the project" command={apiCall('DELETE', `/api/projects/${project.id}`)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/projects/{id}', { path: { id: project.id } });
          await Promise.all(['projects', 'keys'].map((kind) => client.invalidateQueries({ queryKey: [kind] })));
          announce(`${project.name} is archived`);
        }}>
        <p>Its keys stop within a second. Its bills stay. This cannot be undone.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={project.name} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void save.run().then((done) => done && onClose());
      }}>
        <Field label="Name" error={save.error?.param === 'name' ? save.error.message : undefined}>{(field) => <input {...field} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <p className="small muted">Id <code>{project.id}</code></p>
        {save.error && save.error.param !== 'name' ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button kind="danger" why={why} onClick={() => setArchiving(true)}>Archive</Button><span className="grow" /><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy}>Save</Button></div>
        <SameInTerminal line={apiCall('PATCH', `/api/projects/${project.id}`, { name: name.trim() })} />
      </form>
      {project.archivedAt === null ? <ProjectContent project={project} /> : null}
    </Dialog>
  );
}
