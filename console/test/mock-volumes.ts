import type { Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';
import { all, found, type Handlers } from './mock-handlers.ts';
import type { World } from './mock-data.ts';

type Volume = Schemas['Volume'];
const DAY = 86_400_000;
const at = (days: number): string => new Date(NOW + days * DAY).toISOString();

/** Homes that the invented organisation keeps. */
export function fullVolumes(projectId: string, machineId: string, lease: { readonly id: string; readonly name: string }): Volume[] {
  const volume = (name: string, more: Partial<Volume> = {}): Volume => ({
    id: id(), name, projectId, machineId, state: 'kept', reason: null, leaseId: null, lastLease: lease, files: '1204', bytes: '3400000000', days: 30, madeBy: 'Ines Okafor', createdAt: at(-3), keptAt: at(-2), expiresAt: at(28), cost: { currency: 'USD', soFar: '24000000000', perMonth: '400000000000' }, ...more,
  });
  return [volume('models'), volume('checkpoints-of-the-long-run', { bytes: '1240000000000', files: '88', machineId: 'ip-10-0-3-7.eu-central-1.compute.internal' }), volume('scratch', { state: 'in-use', leaseId: lease.id, expiresAt: null }), volume('old', { state: 'removing', reason: 'its time is over', expiresAt: at(-1), lastLease: null, files: null, bytes: null, cost: null })];
}

export function volumeHandlers(world: () => World): Handlers {
  const volumes = (): Volume[] => world().fleet.volumes;
  return {
    'GET /api/volumes': () => all(volumes()),
    'PATCH /api/volumes/{id}': ({ path, body }) => Object.assign(found(volumes(), path['id']), { days: body.days, expiresAt: at(body.days) }),
    'DELETE /api/volumes/{id}': ({ path }) => void Object.assign(found(volumes(), path['id']), { state: 'removing', reason: 'deleted by Ines Okafor' }),
  };
}
