import { createServer } from 'node:net';
import { TandemError } from '../base/index.ts';

/**
 * Finds out that an address is taken before anything is started. Listening later can still fail, and
 * says the same.
 */
export function checkPortFree(host: string, port: number): Promise<void> {
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
