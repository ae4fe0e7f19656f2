import { z } from 'zod';
import { byId, currency, id, list, pico, time, words } from './common.ts';
import { route } from './route.ts';

/** As it stands in host names and labels. */
const label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 letters, digits or dashes, such as gpu-1');
const wanted = z.enum(['serve', 'cordon', 'drain', 'maintain', 'remove']);
const node = z.object({
  id, name: z.string(), pool: z.string(), platform: z.string(), standIn: z.boolean().describe('Linux in the place of a Mac: not macOS'),
  state: z.enum(['removed', 'quarantined', 'new', 'offline', 'removing', 'maintenance', 'draining', 'cordoned', 'sick', 'ready']), connected: z.boolean(), lastSeenAt: time.nullable(),
  health: z.object({ state: z.enum(['unknown', 'ok', 'degraded', 'sick']), reasons: z.array(z.string()) }).describe('As its agent tells it'),
  approved: z.object({ by: z.string(), at: time }).nullable().describe('Null: no person has looked at what the machine says it is, so it serves no other organisation'),
  changed: z.array(z.string()).describe('Fields of the inventory that differ from what was approved'),
  wanted: z.object({ what: wanted, reason: z.string().nullable(), by: z.string().nullable(), at: time.nullable(), deadlineAt: time.nullable().describe('When what still runs is ended by force') }),
  quarantine: z.object({ at: time, reason: z.string() }).nullable(),
  inventory: z.record(z.string(), z.unknown()).describe('As the machine itself tells it: a claim'), inventoryAt: time.nullable(),
  agentVersion: z.string().nullable(), createdAt: time, usableAt: time.nullable().describe('When it could first be leased'),
});
const event = z.object({ id, at: time, kind: z.string(), detail: z.string() });
const rented = z.object({
  orderId: id, provider: z.string(), offer: z.string(), currency, perHour: pico, soFar: pico.describe('Charged by the provider for the machine so far, by its terms; not its invoice'),
  charged: pico.describe('Charged to the leases that were on this node, those in the same currency; of a lease on several machines an equal part'),
});
const check = z.object({ id: z.string(), state: z.enum(['pass', 'warn', 'fail']), detail: z.string(), next: z.string().nullable() });

export const nodeRoutes = {
  leaseSsh: route({ id: 'leases.ssh', method: 'POST', path: '/api/leases/{id}/ssh', summary: 'Let a key into a lease by SSH for some minutes; the session itself goes through GET /api/leases/{id}/stream with the header Upgrade: tandem-stream', access: 'signed-in', status: 200, params: byId,
    body: z.object({ publicKey: words(3_000).describe('One line of an OpenSSH public key') }),
    reply: z.object({ host: z.string().describe('By this name the client knows the host; it is in no DNS'), user: z.string(), certificate: z.string(), knownHosts: z.string().describe('The line for known_hosts'), expiresAt: time }) }),

  leaseTicket: route({ id: 'leases.ticket', method: 'POST', path: '/api/leases/{id}/tickets', summary: 'A ticket for one opening of a lease\'s screen or of a terminal: a WebSocket at GET /api/leases/{id}/screen with the protocols tandem-screen and ticket.TICKET, or at GET /api/leases/{id}/terminal with tandem-terminal and ticket.TICKET', access: 'leases.write', status: 201, params: byId,
    body: z.object({ kind: z.enum(['screen', 'terminal']).default('screen'), mode: z.enum(['control', 'view']).default('control').describe('`view`: no keys, pointer or clipboard; of screens alone'), forActor: words(100).nullable().default(null).describe('Whom to let look, too, by the id of the member or key; null: the caller. Of screens alone') }),
    reply: z.object({ ticket: z.string().describe('Shown once'), expiresAt: time }) }),

  nodeList: route({ id: 'nodes.list', method: 'GET', path: '/api/nodes', summary: 'Machines that run the agent', access: 'nodes.read', status: 200, reply: list(node) }),
  nodeAdd: route({ id: 'nodes.add', method: 'POST', path: '/api/nodes', summary: 'A line to paste on a machine that makes it a node; it may be used once within 15 minutes', access: 'nodes.write', status: 201,
    body: z.object({ pool: label.default('default'), name: label.nullable().default(null).describe('Null: the machine\'s own name') }),
    reply: z.object({ id, pool: z.string(), name: z.string().nullable(), expiresAt: time, line: z.string().describe('Shown once'), token: z.string().describe('The same token alone; shown once') }) }),
  nodeShow: route({ id: 'nodes.show', method: 'GET', path: '/api/nodes/{id}', summary: 'One node with what happened to it', access: 'nodes.read', status: 200, params: byId, reply: z.object({ node, events: z.array(event), rented: rented.nullable().optional().describe('Null: it was not ordered here; absent: the caller does not see costs') }) }),
  nodeApprove: route({ id: 'nodes.approve', method: 'POST', path: '/api/nodes/{id}/approve', summary: 'Say that the machine is what it says it is; only then may work of other organisations be placed on it', access: 'nodes.write', status: 200, params: byId, reply: node }),
  nodeWish: route({ id: 'nodes.wish', method: 'POST', path: '/api/nodes/{id}/wanted', summary: 'Cordon, drain, maintain or remove a node, or have it serve again', access: 'nodes.write', status: 200, params: byId,
    body: z.object({ what: wanted, reason: words(300).nullable().default(null), graceSeconds: z.int().min(0).max(31_536_000).nullable().default(null).describe('After it what still runs is ended by force; null: it may end as promised') }), reply: node }),
  nodeRelease: route({ id: 'nodes.release', method: 'POST', path: '/api/nodes/{id}/release', summary: 'Let a node out of quarantine after a wipe that was not clean: it is wiped again, and stays cordoned until it is uncordoned', access: 'nodes.write', status: 200, params: byId, body: z.object({ reason: words(200) }), reply: node }),
  nodeRemove: route({ id: 'nodes.remove', method: 'DELETE', path: '/api/nodes/{id}', summary: 'Remove a node that nothing is on; its identity ends at once', access: 'nodes.write', status: 204, params: byId }),
  nodeDoctor: route({ id: 'nodes.doctor', method: 'POST', path: '/api/nodes/{id}/doctor', summary: 'Have the agent look at its machine', access: 'nodes.read', status: 200, params: byId, reply: z.object({ checks: z.array(check) }) }),
};
