import { z } from 'zod';
import { byId, id, list, page, time } from './common.ts';
import { route } from './route.ts';

const wipe = z.object({
  id, machineId: z.string(), clean: z.boolean().describe('False: the machine is quarantined'),
  by: z.enum(['agent', 'provider', 'mdm']).describe('Who wiped: the machine\'s agent, its provider, or an MDM server'),
  method: z.enum(['reset', 'repartition', 'overwrite', 'reinstall', 'erase']).describe('`reset`: processes ended and files removed, nothing overwritten'),
  evidence: z.array(z.string()).describe('What was looked for and not found, or was found; said by who wiped'), unchecked: z.array(z.string()).describe('What was not looked at'),
  canaries: z.object({ planted: z.array(z.string()), found: z.array(z.string()) }).describe('Planted when the lease began, and looked for afterwards'),
  versions: z.record(z.string(), z.string()), beganAt: time, endedAt: time, keyId: z.string(),
  certificate: z.string().describe('The same, signed: a JWS in compact form with Ed25519. Lease and machine stand in it as hashes: SHA-256 of `tandem lease ID` and `tandem machine ID`'),
});
const key = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), kid: z.string().describe('Thumbprint (RFC 7638)'), x: z.string(), createdAt: time, retiredAt: time.nullable().describe('It signs no more; what it signed stays good') });

export const wipeRoutes = {
  wipeOfLease: route({ id: 'leases.wipes', method: 'GET', path: '/api/leases/{id}/wipe-certificates', summary: 'Certificates of the wipe after a lease, and of the one that its machine had before it', access: 'leases.read', status: 200, params: byId,
    reply: list(wipe.extend({ of: z.enum(['this', 'before']).describe('`this`: after this lease. `before`: what its machine had before this lease began; whose it was is told to nobody') })) }),
  wipeOfNode: route({ id: 'nodes.wipes', method: 'GET', path: '/api/nodes/{id}/wipes', summary: 'Wipes of a machine after leases, newest first', access: 'nodes.read', status: 200, params: byId, query: page, reply: list(wipe) }),
  wipeKeys: route({ id: 'wipe-keys.list', method: 'GET', path: '/api/wipe-keys', summary: 'Public keys of all certificates of wipes, as JSON Web Keys: for everybody, so that whoever holds a certificate can check it', access: 'public', status: 200, reply: z.object({ keys: z.array(key) }) }),
};
