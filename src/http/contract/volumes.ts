import { z } from 'zod';
import { byId, count, currency, id, list, pico, time } from './common.ts';
import { route } from './route.ts';

const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 letters, digits or dashes, such as models');
const days = z.int().min(1).max(365);
const volume = z.object({
  id, name, projectId: id, machineId: z.string().describe('It lies there, and a lease that has it is placed there'),
  state: z.enum(['new', 'in-use', 'kept', 'removing', 'removed', 'lost']).describe('`new`: the home of a lease becomes it. `in-use`: a lease has it for its home. `removing`: gone when its machine is in reach'), reason: z.string().nullable(),
  leaseId: id.nullable().describe('The lease that has it now'), lastLease: z.object({ id, name: z.string() }).nullable().describe('The lease that has it or had it last'), files: count.nullable().describe('Null: not counted yet'), bytes: count.nullable(), days: days.describe('How long it is kept after a lease'), madeBy: z.string(), createdAt: time, keptAt: time.nullable(), expiresAt: time.nullable(),
  cost: z.object({ currency, soFar: pico, perMonth: pico.nullable().describe('Of 30 days; null: it has no price now, or no size yet') }).nullable().describe('By the price of `volume/gib`, each begun GiB by started hours, in the bill a day later. Null: nobody has set one, and nothing is charged'),
});
const contents = z.object({
  machineId: z.string(), files: z.int(), bytes: z.int(), whole: z.boolean().describe('False: there is more than was counted'), processes: z.array(z.object({ name: z.string(), count: z.int() })),
  kept: name.nullable().describe('The volume that the home becomes; null: it is gone with the lease'),
});

export const volumeRoutes = {
  leaseContents: route({ id: 'leases.contents', method: 'GET', path: '/api/leases/{id}/contents', summary: 'What would be gone with a lease: files of its home and what runs in it, on each of its machines', access: 'leases.read', status: 200, params: byId, reply: list(contents) }),
  leaseKeep: route({ id: 'leases.keep', method: 'POST', path: '/api/leases/{id}/keep', summary: 'Keep a lease\'s home as a volume, however the lease ends', access: 'leases.write', status: 200, params: byId, body: z.object({ name, days: days.default(30) }), reply: volume }),
  leaseLetGo: route({ id: 'leases.let-go', method: 'DELETE', path: '/api/leases/{id}/keep', summary: 'Let a lease\'s home go with the lease after all', access: 'leases.write', status: 204, params: byId }),
  volumeList: route({ id: 'volumes.list', method: 'GET', path: '/api/volumes', summary: 'Homes of leases that are kept', access: 'leases.read', status: 200, reply: list(volume) }),
  volumeExtend: route({ id: 'volumes.extend', method: 'PATCH', path: '/api/volumes/{id}', summary: 'Keep a volume for so many days from now on', access: 'leases.write', status: 200, params: byId, body: z.object({ days }), reply: volume }),
  volumeRemove: route({ id: 'volumes.remove', method: 'DELETE', path: '/api/volumes/{id}', summary: 'Delete a volume that no lease has', access: 'leases.write', status: 204, params: byId }),
};
