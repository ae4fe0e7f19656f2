import type { Server } from 'node:http';
import { createServer as createProbe, type AddressInfo } from 'node:net';
import { TandemError } from '../../base/index.ts';

/**
 * Listens; resolves with the port in use (of interest when 0 was asked for).
 * @throws TandemError port_taken with a port that is free, or setting_invalid for an address that is not this machine's.
 */
export async function bind(server: Server, host: string, port: number): Promise<number> {
  try {
    await listen(server, host, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new TandemError('port_taken', { params: { host, port, suggestion: await freePort(host, port + 1) }, cause: error });
    if (code === 'EACCES') throw new TandemError('setting_invalid', { params: { name: 'TANDEM_PORT', reason: `this user may not listen on port ${port}` }, cause: error });
    throw new TandemError('setting_invalid', { params: { name: 'TANDEM_HOST', reason: `${host} is not an address of this machine` }, cause: error });
  }
  return (server.address() as AddressInfo).port;
}

function listen(server: Pick<Server, 'listen' | 'once' | 'off'>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The next free port upwards, or any. */
async function freePort(host: string, from: number): Promise<number> {
  for (const port of [from, from + 1, from + 2, from + 3, 0]) {
    if (port > 65_535) continue;
    const probe = createProbe();
    try {
      await listen(probe as unknown as Server, host, port);
      return (probe.address() as AddressInfo).port;
    } catch {
      continue;
    } finally {
      probe.close();
    }
  }
  return from;
}
