import { createServer } from 'node:net';
import { TandemError, homeHolder, isTandemError, lockHome } from '../base/index.ts';

/**
 * Proves that the server's address is free before anything is started. A second start on one home
 * meets the port of the first: then the home's holder is what the person needs to know.
 * @throws TandemError home_in_use, port_taken, setting_invalid.
 */
export async function checkAddress({ host, port, home }: { readonly host: string; readonly port: number; readonly home: string }): Promise<void> {
  try {
    await checkPortFree(host, port);
  } catch (error) {
    if (isTandemError(error, 'port_taken') && homeHolder(home) !== undefined) (await lockHome(home)).release();
    throw error;
  }
}

/**
 * Finds out that an address is taken before anything is started. Listening later can still fail, and
 * says the same.
 */
function checkPortFree(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => reject(explainListenError(error, host, port)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new TandemError('port_taken', { params: { host, port, suggestion: port >= 65_435 ? 4700 : port + 100 } });
    case 'EACCES':
      return new TandemError('setting_invalid', { params: { name: 'TANDEM_PORT', reason: `this user may not listen on port ${port}` } });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new TandemError('setting_invalid', { params: { name: 'TANDEM_HOST', reason: `${host} is no address of this machine` } });
    default:
      return error;
  }
}
