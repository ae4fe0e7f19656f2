import type { Access } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';
import { guarded } from './guarded.ts';

/** Members, invitations and service accounts. */
export function peopleRoutes(access: Pick<Access, 'members' | 'invitations' | 'serviceAccounts' | 'attempts'>): Binding[] {
  const { members, invitations, serviceAccounts, attempts } = access;
  return [
    handle(routes.memberList, ({ principal }) => members.list(principal)),
    handle(routes.memberUpdate, ({ principal, params, body }) => members.update(principal, params.id, body)),
    handle(routes.memberRemove, ({ principal, params }) => members.remove(principal, params.id)),
    handle(routes.invitationList, ({ principal }) => invitations.list(principal)),
    handle(routes.invitationCreate, async ({ principal, body, origin }) => {
      const { invitation, token } = await invitations.create(principal, body);
      // After the # the token stays in the browser: no proxy or access log sees it.
      return { invitation, url: `${origin}/invite#token=${token}` };
    }),
    handle(routes.invitationRevoke, ({ principal, params }) => invitations.revoke(principal, params.id)),
    handle(routes.invitationAccept, (call) => guarded(attempts, call, call.body.token, () => invitations.accept(call.body))),
    handle(routes.serviceAccountList, ({ principal }) => serviceAccounts.list(principal)),
    handle(routes.serviceAccountCreate, ({ principal, body }) => serviceAccounts.create(principal, body)),
    handle(routes.serviceAccountDisable, ({ principal, params }) => serviceAccounts.disable(principal, params.id)),
  ];
}
