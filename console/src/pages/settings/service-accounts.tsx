import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { byText } from '../../lib/order.ts';
import { Ago } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { RoleSelect, SettingsPage } from './frame.tsx';
import type { Role } from './frame.tsx';

type Account = Schemas['ServiceAccount'];

export function ServiceAccountsPage() {
  const query = useQuery(queries.serviceAccounts);
  const projects = useQuery(queries.projects).data?.items;
  const client = useQueryClient();
  const whyNot = useWhyNot('members.write');
  const [open, setOpen] = useState<'new' | Account>();
  const rows = query.data?.items;
  const live = rows?.filter(({ disabledAt }) => disabledAt === null).length ?? 0;
  const lead = rows ? (rows.length === 0 ? 'No program has an identity of its own yet.' : `${plural(live, 'service account')} ${live === 1 ? 'works' : 'work'} without a person.`) : query.error ? 'The service accounts could not be read.' : 'Reading the service accounts…';
  return (
    <SettingsPage title="Service accounts" lead={lead} busy={!rows && !query.error} actions={rows?.length === 0 ? undefined : <Button kind="primary" icon={<Plus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('new')}>Make one</Button>}>
      <Show query={query} bones={<TableBones rows={4} columns={4} />}>
        {({ items }) => (items.length === 0 ? <Empty title="There is no service account yet" command={apiCall('POST', '/api/service-accounts', { name: 'ci', role: 'developer' })} action={<Button kind="primary" why={whyNot} onClick={() => setOpen('new')}>Make the first one</Button>}><p>A service account owns keys that must outlive the person who made them: a build, a nightly job, an app.</p></Empty> : (
          <Table label="Service accounts" rows={items} rowKey={({ id }) => id} {...(whyNot === undefined ? { onRow: (account: Account) => account.disabledAt === null && setOpen(account) } : {})} columns={[
            { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => name },
            { id: 'state', compare: byText(({ disabledAt }) => disabledAt ?? ''), header: 'State', narrow: 'side', width: '9rem', cell: ({ disabledAt }) => (disabledAt === null ? <State tone="good">Active</State> : <State tone="idle">Disabled</State>) },
            { id: 'role', compare: byText(({ role }) => role), header: 'Role', narrow: 'sub', width: '9rem', cell: ({ role }) => role },
            { id: 'project', compare: byText(({ projectId }) => projectId ?? ''), header: 'Project', narrow: 'sub', cell: ({ projectId }) => (projectId === null ? <span className="muted">All</span> : projects?.find(({ id }) => id === projectId)?.name ?? projectId) },
            { id: 'made', compare: byText(({ createdAt }) => createdAt), header: 'Made', numeric: true, narrow: 'hidden', width: '9rem', cell: ({ createdAt }) => <Ago at={createdAt} /> },
          ]} />
        ))}
      </Show>
      {rows?.length ? <SameInTerminal line={apiCall('GET', '/api/service-accounts')} /> : null}
      {open === 'new' ? <NewAccount onClose={() => setOpen(undefined)} /> : open ? (
        <ConfirmDialog title={`Disable ${open.name}?`} name={open.name} action="Disable it" command={apiCall('DELETE', `/api/service-accounts/${open.id}`)} onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            await api.delete('/api/service-accounts/{id}', { path: { id: open.id } });
            await Promise.all(['members', 'keys'].map((kind) => client.invalidateQueries({ queryKey: [kind] })));
            announce(`${open.name} is disabled`);
          }}>
          <p>Its keys stop within a second. This cannot be undone.</p>
        </ConfirmDialog>
      ) : null}
    </SettingsPage>
  );
}

function NewAccount({ onClose }: { onClose: () => void }) {
  const projects = useQuery(queries.projects).data?.items.filter(({ archivedAt }) => archivedAt === null) ?? [];
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const [project, setProject] = useState('');
  const body = { name: name.trim(), role, projectId: project === '' ? null : project };
  const create = useAction(() => api.post('/api/service-accounts', { body }), ['members', 'events']);
  return (
    <Dialog title="Make a service account" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void create.run().then((done) => {
          if (!done) return;
          announce(`${done.name} is made; give it a key next`);
          onClose();
        });
      }}>
        <Field label="Name" error={create.error?.param === 'name' ? create.error.message : undefined}>{(field) => <input {...field} autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <div className="pair">
          <Field label="Role">{(field) => <RoleSelect id={field.id} value={role} onChange={setRole} />}</Field>
          <Field label="Project">{(field) => <select {...field} value={project} onChange={(event) => setProject(event.target.value)}><option value="">All projects</option>{projects.map(({ id, name: title }) => <option key={id} value={id}>{title}</option>)}</select>}</Field>
        </div>
        {create.error && create.error.param !== 'name' ? <ErrorNotice error={create.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={create.busy}>Make it</Button></div>
        <SameInTerminal line={apiCall('POST', '/api/service-accounts', body)} />
      </form>
    </Dialog>
  );
}
