import { connect, type TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { enrol } from '../../../agent/src/enrol/enrol.ts';
import { homeAt, readIdentity } from '../../../agent/src/state/home.ts';
import { openAgentsHouse } from '../testing/agents-house.ts';

/** What the agent 0.1.0 says, byte for byte, as it was when protocol 1 was new: stored here, and never made again by newer code. */
const PROTOCOL_1 = {
  hello: 'AAAApQEAAAAAeyJ2ZXJzaW9ucyI6eyJsZWFzdCI6MSwibW9zdCI6MX0sImFnZW50VmVyc2lvbiI6IjAuMS4wIiwiaW5zdGFuY2UiOiIwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZiIsImF0dGVtcHQiOjEsImJvb3QiOiI3ZDVmMGM5ZS0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ==',
  health: 'AAAAUQQAAAAAeyJuYW1lIjoiaGVhbHRoIiwiZmllbGRzIjp7InN0YXRlIjoiZGVncmFkZWQiLCJyZWFzb25zIjpbImEgc3RvcmVkIGFnZW50Il19fQ==',
  renew: 'AAAAIQIAAAABeyJuYW1lIjoicmVuZXciLCJwYXJhbXMiOnt9fQ==',
};

/** Frames as they come, cut by hand: an old agent has its own code for it. */
async function* frames(socket: TLSSocket): AsyncGenerator<{ kind: number; message: Record<string, unknown> }> {
  let seen = Buffer.alloc(0);
  for await (const chunk of socket) {
    seen = Buffer.concat([seen, chunk as Buffer]);
    while (seen.length >= 4 && seen.length >= 4 + seen.readUInt32BE(0)) {
      const end = 4 + seen.readUInt32BE(0);
      const [kind, payload] = [seen.readUInt8(4), seen.toString('utf8', 9, end)];
      seen = seen.subarray(end);
      if (kind === 1 || kind === 3) yield { kind, message: JSON.parse(payload) as Record<string, unknown> };
    }
  }
}

it('a stored agent of protocol 1 connects, is heard, and gets its next certificate', async () => {
  await using house = await openAgentsHouse();
  const home = join(house.folder, 'node');
  const { token } = await house.fleet.enrolments.create(house.admin, { pool: 'default', name: 'old-1' });
  await enrol({ home, server: house.tunnels.address!, pin: house.tunnels.address!.pin, token, machine: null, platform: 'linux-x64', standIn: true });
  const identity = readIdentity(homeAt(home));
  const socket = connect({ ...house.tunnels.address!, servername: 'agents.tandem', ALPNProtocols: ['tandem-agent'], key: identity.key, cert: identity.certificate, ca: [...identity.roots] });
  socket.on('error', () => {});
  try {
    socket.write(Buffer.from(PROTOCOL_1.hello, 'base64'));
    const heard = frames(socket);
    expect((await heard.next()).value).toMatchObject({ kind: 1, message: { protocol: 1, node: { name: 'old-1' }, heartbeatMs: expect.any(Number), roots: [expect.stringContaining('BEGIN CERTIFICATE')], release: expect.any(String) } });
    socket.write(Buffer.from(PROTOCOL_1.health, 'base64'));
    expect((await house.until('heard', ({ health }) => health.state === 'degraded')).health.reasons).toEqual(['a stored agent']);
    socket.write(Buffer.from(PROTOCOL_1.renew, 'base64'));
    expect((await heard.next()).value).toMatchObject({ kind: 3, message: { value: { certificate: expect.stringContaining('BEGIN CERTIFICATE') } } });
  } finally {
    socket.destroy();
  }
});
