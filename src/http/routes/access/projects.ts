import type { Access } from '../../../access/index.ts';
import { handle, type Binding } from '../../api/handle.ts';
import { routes } from '../../contract/index.ts';

/** Who calls, and the organisation and its projects. */
export function projectRoutes(access: Pick<Access, 'whoami' | 'organisations' | 'projects' | 'consents'>, version: string): Binding[] {
  const { organisations, projects, consents } = access;
  return [
    handle(routes.whoami, async ({ principal }) => ({ ...access.whoami(principal), version })),
    handle(routes.organisationUpdate, ({ principal, body }) => organisations.update(principal, body)),
    handle(routes.projectList, ({ principal }) => projects.list(principal)),
    handle(routes.projectCreate, ({ principal, body }) => projects.create(principal, body)),
    handle(routes.projectUpdate, ({ principal, params, body }) => projects.update(principal, params.id, body)),
    handle(routes.consentShow, ({ principal, params }) => consents.show(principal, params.id)),
    handle(routes.consentGive, ({ principal, params, body }) => consents.give(principal, params.id, body.textVersion)),
    handle(routes.consentWithdraw, ({ principal, params }) => consents.withdraw(principal, params.id)),
    handle(routes.projectArchive, ({ principal, params }) => projects.archive(principal, params.id)),
  ];
}
