import { TandemError } from '../base/index.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';

interface Rule {
  /** The least role that has it. */
  readonly from: Role;
  /** `organisation`: never for a key or session that is bound to one project. `operator`: nor for another organisation than the operator's. */
  readonly reach: 'project' | 'organisation' | 'operator';
  /** What it allows, to follow "may" and, after "may not", the role's name. */
  readonly action: string;
}

const rule = (from: Role, reach: Rule['reach'], action: string): Rule => ({ from, reach, action });

/** The one table of permissions: code asks it, and `docs/how/access.md` shows it (a test compares them). */
export const PERMISSIONS = {
  'organisation.write': rule('admin', 'organisation', 'rename the organisation'),
  'projects.read': rule('viewer', 'project', 'see projects'),
  'projects.write': rule('admin', 'organisation', 'make, rename or archive projects'),
  'keys.read': rule('viewer', 'project', 'see keys (never their secrets)'),
  'keys.write': rule('developer', 'project', 'make, change, rotate or revoke keys (developers: their own)'),
  'members.read': rule('viewer', 'organisation', 'see members, invitations and service accounts'),
  'members.write': rule('admin', 'organisation', 'invite, change or remove members and service accounts'),
  'events.read': rule('admin', 'organisation', 'read and verify the audit trail'),
  'prices.read': rule('viewer', 'project', 'see prices'),
  'prices.write': rule('admin', 'organisation', 'set prices'),
  'budgets.read': rule('viewer', 'project', 'see budgets'),
  'budgets.write': rule('admin', 'organisation', 'set budgets'),
  'webhooks.read': rule('admin', 'organisation', 'see webhooks'),
  'webhooks.write': rule('admin', 'organisation', 'add or remove webhooks'),
  'usage.read': rule('viewer', 'project', 'see usage'),
  'usage.write': rule('admin', 'organisation', 'record usage events'),
  'costs.read': rule('viewer', 'operator', 'see what calls cost the operator, and margins'),
  'bill.read': rule('viewer', 'project', 'see bills and invoices'),
  'bill.write': rule('admin', 'organisation', 'close months, adjust bills and grant credits'),
  'models.read': rule('viewer', 'project', 'see models and backends'),
  'models.write': rule('admin', 'organisation', 'change models and backends'),
  'content.export': rule('admin', 'organisation', 'export what consenting projects contributed'),
  'models.call': rule('developer', 'project', 'call models'),
  'nodes.read': rule('viewer', 'project', 'see nodes'),
  'nodes.write': rule('admin', 'organisation', 'add, approve, drain or remove nodes'),
  'roots.write': rule('admin', 'operator', 'see and replace the roots that machines are certified by'),
  'leases.read': rule('viewer', 'project', 'see leases and pools'),
  'leases.write': rule('developer', 'project', 'lease machines, and extend, hand over or end leases'),
  'recordings.read': rule('developer', 'project', 'watch recordings of sessions in leases'),
  'recordings.write': rule('admin', 'organisation', 'remove recordings of sessions'),
  'pools.write': rule('admin', 'organisation', 'set pools and quotas of leases'),
  'orders.read': rule('viewer', 'organisation', 'see machines that are ordered at providers, and what they cost'),
  'orders.write': rule('admin', 'organisation', 'order machines at providers, enter them and give them back'),
  'system.read': rule('admin', 'organisation', 'see the state of the server'),
} as const satisfies Record<string, Rule>;

/** What a permission is decided by. */
export type Power = Pick<Principal, 'role' | 'projectId' | 'ofOperator'>;
export type Permission = keyof typeof PERMISSIONS;

const RANK: Readonly<Record<Role, number>> = { owner: 3, admin: 2, developer: 1, viewer: 0 };

/** True when `role` is as powerful as `other` or more. */
export function atLeast(role: Role, other: Role): boolean {
  return RANK[role] >= RANK[other];
}

/** The less powerful of two roles. */
export function lesserRole(one: Role, other: Role): Role {
  return RANK[one] <= RANK[other] ? one : other;
}

/** Whether the caller has the permission. Which rows it may touch is decided where the rows are. */
export function can(principal: Power, permission: Permission): boolean {
  const { from, reach } = PERMISSIONS[permission];
  return atLeast(principal.role, from) && (reach === 'project' || principal.projectId === null) && (reach !== 'operator' || principal.ofOperator);
}

/** @throws TandemError permission_denied; project_bound when only the binding to a project is in the way, operator_only when only the organisation is. */
export function demand(principal: Power, permission: Permission): void {
  if (can(principal, permission)) return;
  const { from, reach, action } = PERMISSIONS[permission];
  if (reach === 'operator' && !principal.ofOperator) throw new TandemError('operator_only', { params: { action: firstPart(action) } });
  if (atLeast(principal.role, from)) throw new TandemError('project_bound', { params: { action: firstPart(action) } });
  throw new TandemError('permission_denied', { params: { role: principal.role, action: firstPart(action), needed: from } });
}

/** Every permission the caller has, in the table's order. */
export function permissionsOf(principal: Power): Permission[] {
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => can(principal, permission));
}

/** Nobody grants a role above their own. @throws TandemError role_above_own */
export function demandGrant(principal: Pick<Principal, 'role'>, granted: Role): void {
  if (!atLeast(principal.role, granted)) throw new TandemError('role_above_own', { params: { role: principal.role, granted }, param: 'role' });
}

function firstPart(action: string): string {
  return action.replace(/ \(.*\)$/, '');
}
