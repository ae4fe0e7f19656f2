import { z } from 'zod';
import { byId, id, list, time } from './common.ts';
import { route } from './route.ts';

const recording = z.object({
  id, leaseId: id, machineId: z.string(), kind: z.enum(['terminal', 'shell', 'command', 'connection']).describe('A terminal in the browser, a shell by SSH, a command such as scp, or a connection for ports alone'),
  person: z.string(), command: z.string().nullable(), state: z.enum(['kept', 'refused']).describe('`refused`: what the machine sent was no recording, and is not kept'), reason: z.string().nullable(),
  tamperProof: z.boolean().describe('False: who had raw root on the machine could have changed it'), whole: z.boolean().describe('False: it was longer than is kept, or was cut off'),
  bytes: z.int().describe('0: there is nothing to play'), columns: z.int().nullable(), rows: z.int().nullable(), exitCode: z.int().nullable(),
  startedAt: time.describe('By the machine\'s clock'), endedAt: time, expiresAt: time.describe('It is removed then'),
});

export const recordingRoutes = {
  recordingList: route({ id: 'recordings.list', method: 'GET', path: '/api/leases/{id}/recordings', summary: 'What was recorded of a lease\'s sessions, newest first', access: 'leases.read', status: 200, params: byId, reply: list(recording) }),
  recordingWatch: route({ id: 'recordings.watch', method: 'GET', path: '/api/recordings/{id}', summary: 'A recording as an asciicast of version 2; that it was read is kept in the trail', access: 'recordings.read', status: 200, params: byId, file: ['application/x-asciicast'] }),
  recordingRemove: route({ id: 'recordings.remove', method: 'DELETE', path: '/api/recordings/{id}', summary: 'Remove a recording before its time', access: 'recordings.write', status: 204, params: byId }),
};
