import { z } from 'zod';
import { time } from './common.ts';
import { route } from './route.ts';

const roots = z.object({
  roots: z.array(z.object({ fingerprint: z.string().describe('SHA-256 of the certificate, in hexadecimal'), createdAt: time, expiresAt: time, signs: z.boolean().describe('Certificates of machines are signed by it') })).describe('The newest first. Machines and server believe all of them'),
  waiting: z.int().describe('Machines whose certificate is by an older root and still valid: none may be retired before that is 0'),
});

export const rootRoutes = {
  rootList: route({ id: 'agent-roots.list', method: 'GET', path: '/api/agent-roots', summary: 'The roots by which machines and this server know each other', access: 'roots.write', status: 200, reply: roots }),
  rootReplace: route({ id: 'agent-roots.replace', method: 'POST', path: '/api/agent-roots', summary: 'Make a new root beside the one that is there; machines are told of both, and get their next certificate from it', access: 'roots.write', status: 201, reply: roots }),
  rootRetire: route({ id: 'agent-roots.retire', method: 'POST', path: '/api/agent-roots/retire', summary: 'Believe only the newest root from now on', access: 'roots.write', status: 200, reply: roots }),
};
