import { connect } from 'node:net';

/** How a port answers from outside: `open` takes connections, `refused` says no, `silent` says nothing. */
export type PortState = 'open' | 'refused' | 'silent';
export type ProbePort = (host: string, port: number) => Promise<PortState>;

const WAIT_MS = 3_000;

/** Looks from this server, which is outside of the machine, whether a port takes connections. */
export const probePort: ProbePort = (host, port) => new Promise((resolve) => {
  const socket = connect({ host, port });
  const told = (state: PortState) => () => {
    socket.destroy();
    resolve(state);
  };
  socket.setTimeout(WAIT_MS, told('silent'));
  socket.once('connect', told('open'));
  // Unreachable is not open, whoever says so.
  socket.once('error', (error: NodeJS.ErrnoException) => told(error.code === 'ECONNREFUSED' ? 'refused' : 'silent')());
});
