import { useQuery, useQueryClient } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import type { ReplyOf, Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { useWhyNot } from '../../lib/access.ts';
import { useAction } from '../../lib/action.ts';
import { apiCall, commands } from '../../lib/commands.ts';
import { plural } from '../../lib/format.ts';
import { byText } from '../../lib/order.ts';
import { Ago, When } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { CopyButton, SameInTerminal } from '../../ui/command.tsx';
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { Empty, ErrorNotice } from '../../ui/notice.tsx';
import { Section } from '../../ui/page.tsx';
import { Show } from '../../ui/query.tsx';
import { TableBones } from '../../ui/skeleton.tsx';
import { State } from '../../ui/state.tsx';
import type { Tone } from '../../ui/state.tsx';
import { Table } from '../../ui/table.tsx';
import { announce } from '../../ui/toasts.tsx';
import { RoleSelect, SettingsPage } from './frame.tsx';
import type { Role } from './frame.tsx';

type Member = Schemas['Member'];
type Invitation = Schemas['Invitation'];
const STATES: Readonly<Record<Invitation['state'], readonly [Tone, string]>> = { open: ['wait', 'Open'], accepted: ['good', 'Accepted'], expired: ['idle', 'Expired'], revoked: ['bad', 'Withdrawn'] };

export function MembersPage() {
  const members = useQuery(queries.members);
  const invitations = useQuery(queries.invitations);
  const whyNot = useWhyNot('members.write');
  const [open, setOpen] = useState<'invite' | Member | Invitation>();
  const waiting = invitations.data?.items.filter(({ state }) => state === 'open').length ?? 0;
  const lead = members.data ? `${plural(members.data.items.length, 'person', 'people')} can sign in${waiting === 0 ? '' : `; ${plural(waiting, 'invitation')} ${waiting === 1 ? 'waits' : 'wait'} for an answer`}.` : members.error ? 'The members could not be read.' : 'Reading the members…';
  return (
    <SettingsPage title="Members" lead={lead} busy={!members.data && !members.error} actions={<Button kind="primary" icon={<UserPlus size={16} aria-hidden />} why={whyNot} onClick={() => setOpen('invite')}>Invite somebody</Button>}>
      <Show query={members} bones={<TableBones rows={4} columns={4} />}>
        {({ items }) => (items.length === 0 ? <Empty title="Nobody can sign in yet" command={commands.memberInvite('ann@example.com', 'developer')}><p>Invite somebody; the link that comes back is shown once.</p></Empty> : (
          <Table label="Members" rows={items} rowKey={({ id }) => id} {...(whyNot === undefined ? { onRow: setOpen } : {})} columns={[
            { id: 'name', compare: byText(({ name }) => name), header: 'Name', narrow: 'title', cell: ({ name }) => name },
            { id: 'email', compare: byText(({ email }) => email), header: 'Address', narrow: 'sub', cell: ({ email }) => <span className="muted">{email}</span> },
            { id: 'role', compare: byText(({ role }) => role), header: 'Role', narrow: 'side', width: '9rem', cell: ({ role }) => role },
            { id: 'by', compare: byText(({ signInBy }) => signInBy.join()), header: 'Signs in by', narrow: 'hidden', width: '10rem', cell: ({ signInBy }) => signInBy.map((way) => (way === 'oidc' ? 'OIDC' : way)).join(', ') },
            { id: 'since', compare: byText(({ createdAt }) => createdAt), header: 'Since', numeric: true, narrow: 'hidden', width: '10rem', cell: ({ createdAt }) => <When at={createdAt} /> },
          ]} />
        ))}
      </Show>
      <Section title="Who is invited?">
        <Show query={invitations} bones={<TableBones rows={2} columns={4} />}>
          {({ items }) => (items.length === 0 ? <p className="none muted">Nobody at the moment.</p> : (
            <Table label="Invitations" rows={items} rowKey={({ id }) => id} {...(whyNot === undefined ? { onRow: (invitation: Invitation) => invitation.state === 'open' && setOpen(invitation) } : {})} columns={[
              { id: 'email', compare: byText(({ email }) => email), header: 'Address', narrow: 'title', cell: ({ email }) => email },
              { id: 'state', compare: byText(({ state }) => state), header: 'State', narrow: 'side', width: '9rem', cell: ({ state }) => <State tone={STATES[state][0]}>{STATES[state][1]}</State> },
              { id: 'role', compare: byText(({ role }) => role), header: 'Role', narrow: 'sub', width: '9rem', cell: ({ role }) => role },
              { id: 'by', compare: byText(({ invitedBy }) => invitedBy), header: 'By', narrow: 'hidden', cell: ({ invitedBy }) => invitedBy },
              { id: 'until', compare: byText(({ expiresAt }) => expiresAt), header: 'Ends', numeric: true, narrow: 'sub', width: '9rem', cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
            ]} />
          ))}
        </Show>
      </Section>
      <SameInTerminal line={commands.members} />
      {open === 'invite' ? <Invite onClose={() => setOpen(undefined)} /> : open && 'state' in open ? <Withdraw invitation={open} onClose={() => setOpen(undefined)} /> : open ? <MemberDialog member={open} onClose={() => setOpen(undefined)} /> : null}
    </SettingsPage>
  );
}

function Invite({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const [made, setMade] = useState<ReplyOf<'/api/invitations', 'post'>>();
  const invite = useAction(() => api.post('/api/invitations', { body: { email: email.trim(), role } }), ['members', 'events']);
  if (made) {
    return (
      <Dialog title={`${made.invitation.email} is invited`} onClose={onClose}>
        <div className="form"><p>Send this link; it is shown once and works until it is used or <Ago at={made.invitation.expiresAt} />.</p><div className="command"><code>{made.url}</code><CopyButton text={made.url} label="the link" /></div><div className="row end"><Button kind="primary" onClick={onClose}>I have copied it</Button></div></div>
      </Dialog>
    );
  }
  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void invite.run().then((reply) => reply && setMade(reply));
      }}>
        <Field label="E-mail address" error={invite.error?.param === 'email' ? invite.error.message : undefined}>{(field) => <input {...field} type="email" autoFocus autoComplete="off" value={email} onChange={(event) => setEmail(event.target.value)} />}</Field>
        <Field label="Role">{(field) => <RoleSelect id={field.id} value={role} onChange={setRole} />}</Field>
        {invite.error && invite.error.param !== 'email' ? <ErrorNotice error={invite.error} /> : null}
        <div className="row end"><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={invite.busy}>Make the link</Button></div>
        <SameInTerminal line={commands.memberInvite(email, role)} />
      </form>
    </Dialog>
  );
}

function Withdraw({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const client = useQueryClient();
  return (
    <ConfirmDialog title={`Withdraw the invitation of ${invitation.email}?`} action="Withdraw it" command={apiCall('DELETE', `/api/invitations/${invitation.id}`)} onClose={onClose}
      onConfirm={async () => {
        await api.delete('/api/invitations/{id}', { path: { id: invitation.id } });
        await client.invalidateQueries({ queryKey: ['members'] });
      }}>
      <p>The link stops working at once. You can invite the same address again.</p>
    </ConfirmDialog>
  );
}

function MemberDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const client = useQueryClient();
  const [role, setRole] = useState<Role>(member.role);
  const [removing, setRemoving] = useState(false);
  const save = useAction(() => api.patch('/api/members/{id}', { path: { id: member.id }, body: { role } }), ['members', 'whoami', 'events']);
  if (removing) {
    return (
      <ConfirmDialog title={`Remove ${member.name}?`} name={member.email} action="Remove the member" command={commands.memberRemove(member.email)} onClose={onClose}
        onConfirm={async () => {
          await api.delete('/api/members/{id}', { path: { id: member.id } });
          await client.invalidateQueries({ queryKey: ['members'] });
          announce(`${member.name} is removed`);
        }}>
        <p>Sessions and keys of {member.name} end within a second. What they made stays, with their name in the trail.</p>
      </ConfirmDialog>
    );
  }
  return (
    <Dialog title={member.name} onClose={onClose}>
      <form className="form" onSubmit={(event) => {
        event.preventDefault();
        void save.run().then((done) => done && onClose());
      }}>
        <Field label="Role">{(field) => <RoleSelect id={field.id} value={role} onChange={setRole} />}</Field>
        {save.error ? <ErrorNotice error={save.error} /> : null}
        <div className="row end"><Button kind="danger" onClick={() => setRemoving(true)}>Remove</Button><span className="grow" /><Button onClick={onClose}>Leave it</Button><Button kind="primary" type="submit" busy={save.busy}>Save</Button></div>
        <SameInTerminal line={apiCall('PATCH', `/api/members/${member.id}`, { role })} />
      </form>
    </Dialog>
  );
}
