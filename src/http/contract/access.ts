import { z } from 'zod';
import { alias, byId, currency, id, list, name, page, pico, picoPositive, role, time } from './common.ts';
import { route } from './route.ts';

const organisation = z.object({ id, name: z.string(), slug: z.string(), currency, billing: z.enum(['postpaid', 'prepaid']), store: z.boolean().describe('Whether content may be kept for functions that need it: stored responses, files, batches'), createdAt: time });
const project = z.object({ id, name: z.string(), slug: z.string(), tier: z.enum(['standard', 'contributor']), store: z.boolean().describe('As for the organisation; content is kept only where both allow it'),
  paysAttempts: z.object({ since: time, by: z.string() }).nullable().describe('Since when and by whose word it pays for attempts that did not deliver; null: it does not'), createdAt: time, archivedAt: time.nullable() });
const consent = z.object({
  projectId: id, state: z.enum(['none', 'given', 'withdrawn']), textVersion: z.string().nullable(), givenBy: z.string().nullable(), givenAt: time.nullable(), withdrawnBy: z.string().nullable(), withdrawnAt: time.nullable(),
  current: z.object({ version: z.string(), text: z.string() }).describe('The text that would be agreed to now'),
});
const actor = z.object({ kind: z.enum(['key', 'member', 'service-account', 'system']), id: z.string().nullable(), label: z.string() });

const key = z.object({
  id, name: z.string(), prefix: z.string().describe('The first characters, to tell keys apart'),
  projectId: id.nullable().describe('null: every project of the organisation'), projectName: z.string().nullable(),
  role, owner: actor, models: z.array(z.string()).nullable().describe('null: every model'),
  budget: z.object({ id, amount: picoPositive, spent: pico, period: z.enum(['day', 'month', 'total']) }).nullable(),
  state: z.enum(['active', 'expired', 'revoked', 'rotating']), createdAt: time, expiresAt: time.nullable(), revokedAt: time.nullable(), lastUsedAt: time.nullable(),
  replacedBy: id.nullable(),
  cacheSeconds: z.number().int().nullable().describe('How long its replies are kept for the same request again; null: not at all'),
});
const newKey = z.object({
  name, projectId: id.optional().describe('Default: the organisation\'s first project'), role: role.default('developer'),
  models: z.array(alias).max(100).nullable().default(null), expiresAt: time.nullable().default(null),
  serviceAccountId: id.optional(),
  budget: z.object({ amount: picoPositive, period: z.enum(['day', 'month', 'total']).default('month') }).nullable().default(null),
});
const keyWithSecret = z.object({ key, secret: z.string().describe('Shown once, never again') });

const member = z.object({ id, email: z.string(), name: z.string(), role, createdAt: time, signInBy: z.array(z.enum(['link', 'oidc'])) });
const invitation = z.object({ id, email: z.string(), role, invitedBy: z.string(), createdAt: time, expiresAt: time, state: z.enum(['open', 'accepted', 'expired', 'revoked']) });
const serviceAccount = z.object({ id, name: z.string(), role, projectId: id.nullable(), createdAt: time, disabledAt: time.nullable() });
const email = z.email().max(254);

const auditEvent = z.object({
  sequence: z.number().int(), id, at: time, actor, action: z.string(), resourceKind: z.string(), resourceId: z.string().nullable(),
  change: z.record(z.string(), z.unknown()).describe('Changed fields, before and after, without secrets'), hash: z.string(),
});

export const accessRoutes = {
  whoami: route({ id: 'whoami.show', method: 'GET', path: '/api/whoami', summary: 'Who this key or session is', access: 'signed-in', status: 200,
    reply: z.object({ organisation, project: project.nullable(), actor, role, permissions: z.array(z.string()), version: z.string() }) }),
  organisationUpdate: route({ id: 'organisation.update', method: 'PATCH', path: '/api/organisation', summary: 'Rename the organisation, or switch the keeping of content off or on', access: 'organisation.write', status: 200,
    body: z.object({ name: name.optional(), store: z.boolean().optional() }), reply: organisation }),

  projectList: route({ id: 'projects.list', method: 'GET', path: '/api/projects', summary: 'Projects of the organisation', access: 'projects.read', status: 200, reply: list(project) }),
  projectCreate: route({ id: 'projects.create', method: 'POST', path: '/api/projects', summary: 'Make a project', access: 'projects.write', status: 201, body: z.object({ name }), reply: project }),
  projectUpdate: route({ id: 'projects.update', method: 'PATCH', path: '/api/projects/{id}', summary: 'Rename a project, switch the keeping of its content off or on, or decide whether it pays for attempts that did not deliver', access: 'projects.write', status: 200, params: byId, body: z.object({ name: name.optional(), store: z.boolean().optional(), paysAttempts: z.boolean().optional() }), reply: project }),
  projectArchive: route({ id: 'projects.archive', method: 'DELETE', path: '/api/projects/{id}', summary: 'Archive a project: its keys stop, its bills stay', access: 'projects.write', status: 200, params: byId, reply: project }),

  consentShow: route({ id: 'consent.show', method: 'GET', path: '/api/projects/{id}/consent', summary: 'Whether a project contributes its content, who agreed to what, and the text', access: 'projects.read', status: 200, params: byId, reply: consent }),
  consentGive: route({ id: 'consent.give', method: 'POST', path: '/api/projects/{id}/consent', summary: 'Agree that a project contributes its content, for the contributor price', access: 'projects.write', status: 200, params: byId,
    body: z.object({ textVersion: z.string().max(40).describe('Of the text that was read') }), reply: consent }),
  consentWithdraw: route({ id: 'consent.withdraw', method: 'DELETE', path: '/api/projects/{id}/consent', summary: 'Withdraw consent: in force at once, and what was kept is deleted', access: 'projects.write', status: 200, params: byId, reply: consent }),

  keyList: route({ id: 'keys.list', method: 'GET', path: '/api/keys', summary: 'Keys, newest first', access: 'keys.read', status: 200, query: page.extend({ projectId: id.optional() }), reply: list(key) }),
  keyCreate: route({ id: 'keys.create', method: 'POST', path: '/api/keys', summary: 'Make a key; its secret is shown once', access: 'keys.write', status: 201, body: newKey, reply: keyWithSecret }),
  keyShow: route({ id: 'keys.show', method: 'GET', path: '/api/keys/{id}', summary: 'One key', access: 'keys.read', status: 200, params: byId, reply: key }),
  keyUpdate: route({ id: 'keys.update', method: 'PATCH', path: '/api/keys/{id}', summary: 'Change name, models, expiry, or whether replies are cached', access: 'keys.write', status: 200, params: byId,
    body: z.object({ name: name.optional(), models: z.array(alias).max(100).nullable().optional(), expiresAt: time.nullable().optional(), cacheSeconds: z.number().int().min(1).max(86_400).nullable().optional() }), reply: key }),
  keyRotate: route({ id: 'keys.rotate', method: 'POST', path: '/api/keys/{id}/rotate', summary: 'Make a successor; the old key works until the overlap ends', access: 'keys.write', status: 201, params: byId,
    body: z.object({ overlapSeconds: z.number().int().min(0).max(30 * 86_400).default(86_400) }), reply: keyWithSecret }),
  keyRevoke: route({ id: 'keys.revoke', method: 'DELETE', path: '/api/keys/{id}', summary: 'Revoke a key; in force everywhere within a second', access: 'keys.write', status: 200, params: byId, reply: key }),

  memberList: route({ id: 'members.list', method: 'GET', path: '/api/members', summary: 'Members of the organisation', access: 'members.read', status: 200, reply: list(member) }),
  memberUpdate: route({ id: 'members.update', method: 'PATCH', path: '/api/members/{id}', summary: 'Change a role', access: 'members.write', status: 200, params: byId, body: z.object({ role }), reply: member }),
  memberRemove: route({ id: 'members.remove', method: 'DELETE', path: '/api/members/{id}', summary: 'Remove a member; sessions and keys of theirs end', access: 'members.write', status: 204, params: byId }),
  invitationList: route({ id: 'invitations.list', method: 'GET', path: '/api/invitations', summary: 'Invitations', access: 'members.read', status: 200, reply: list(invitation) }),
  invitationCreate: route({ id: 'invitations.create', method: 'POST', path: '/api/invitations', summary: 'Invite by a link; the link is shown once', access: 'members.write', status: 201,
    body: z.object({ email, role: role.default('developer') }), reply: z.object({ invitation, url: z.string() }) }),
  invitationRevoke: route({ id: 'invitations.revoke', method: 'DELETE', path: '/api/invitations/{id}', summary: 'Withdraw an invitation', access: 'members.write', status: 204, params: byId }),
  invitationAccept: route({ id: 'invitations.accept', method: 'POST', path: '/api/invitations/accept', summary: 'Accept an invitation and sign in', access: 'public', status: 200,
    body: z.object({ token: z.string().max(200), name }), reply: z.object({ ok: z.literal(true) }) }),
  serviceAccountList: route({ id: 'service-accounts.list', method: 'GET', path: '/api/service-accounts', summary: 'Service accounts', access: 'members.read', status: 200, reply: list(serviceAccount) }),
  serviceAccountCreate: route({ id: 'service-accounts.create', method: 'POST', path: '/api/service-accounts', summary: 'Make a service account', access: 'members.write', status: 201,
    body: z.object({ name, role: role.default('developer'), projectId: id.nullable().default(null) }), reply: serviceAccount }),
  serviceAccountDisable: route({ id: 'service-accounts.disable', method: 'DELETE', path: '/api/service-accounts/{id}', summary: 'Disable a service account; its keys stop', access: 'members.write', status: 200, params: byId, reply: serviceAccount }),

  loginLink: route({ id: 'login.link', method: 'POST', path: '/api/login/link', summary: 'A one-time sign-in link for the caller', access: 'signed-in', status: 201, reply: z.object({ url: z.string(), expiresAt: time }) }),
  loginMethods: route({ id: 'login.methods', method: 'GET', path: '/api/login', summary: 'Ways to sign in here', access: 'public', status: 200, reply: z.object({ link: z.boolean(), key: z.boolean(), oidc: z.object({ name: z.string(), url: z.string() }).nullable() }) }),
  loginExchange: route({ id: 'login.exchange', method: 'POST', path: '/api/login/exchange', summary: 'Exchange a one-time token for a session cookie', access: 'public', status: 200,
    body: z.object({ token: z.string().max(200) }), reply: z.object({ ok: z.literal(true) }) }),
  loginKey: route({ id: 'login.key', method: 'POST', path: '/api/login/key', summary: 'Sign in to the console by key', access: 'public', status: 200,
    body: z.object({ key: z.string().max(300) }), reply: z.object({ ok: z.literal(true) }) }),
  logout: route({ id: 'login.logout', method: 'POST', path: '/api/logout', summary: 'End this session', access: 'signed-in', status: 204 }),

  eventList: route({ id: 'events.list', method: 'GET', path: '/api/events', summary: 'The audit trail, newest first', access: 'events.read', status: 200,
    query: page.extend({ action: z.string().max(100).optional() }), reply: list(auditEvent) }),
  eventVerify: route({ id: 'events.verify', method: 'GET', path: '/api/events/verify', summary: 'Recompute the hash chain of the audit trail', access: 'events.read', status: 200,
    reply: z.object({ ok: z.boolean(), checked: z.number().int(), firstBroken: z.object({ sequence: z.number().int(), reason: z.string() }).nullable() }) }),
};
