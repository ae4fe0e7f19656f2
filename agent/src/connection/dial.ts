import { createHash } from 'node:crypto';
import type { OnReadOpts } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

/** By this name the server knows itself towards agents, whatever its address is. */
const SERVER_NAME = 'agents.tandem';
const AGENT_PROTOCOL = 'tandem-agent';
/** TCP asks once, and again after one second, two, four: asked anew, a network that is back is found sooner. */
const CONNECT_MS = 2_000;
const TLS_MS = 6_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a node shows, and whom it believes. */
export interface Credentials {
  readonly key: string;
  readonly certificate: string;
  readonly roots: readonly string[];
}

/** `host:port`, `[v6]:port`. @throws Error. */
export function parseAddress(text: string): Address {
  const url = URL.parse(`tcp://${text}`);
  if (!url || url.hostname === '' || url.port === '') throw new Error(`${text} is not HOST:PORT`);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
}

/** Before there is a root to trust: the server must hold the key of the pin. Nothing is sent before that is checked. */
export async function dialPinned({ host, port }: Address, pin: string): Promise<TLSSocket> {
  const socket = await dial({ host, port, rejectUnauthorized: false });
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
  if (key !== undefined && createHash('sha256').update(key).digest('base64') === pin) return socket;
  socket.destroy();
  throw new Error('the server that answers does not have the key of the enrolment line');
}

/** With the node's own certificate, to a server that one of the roots vouches for. */
export function dialTrusted({ host, port }: Address, identity: Credentials, protocol = AGENT_PROTOCOL, onread?: OnReadOpts): Promise<TLSSocket> {
  return dial({ ...(onread !== undefined && { onread }), host, port, key: identity.key, cert: identity.certificate, ca: [...identity.roots], rejectUnauthorized: true, ALPNProtocols: [protocol] });
}

/** Node's types leave out that `onread` goes to the socket beneath. */
function dial(options: ConnectionOptions & { readonly onread?: OnReadOpts }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ALPNProtocols: [AGENT_PROTOCOL], ...options, servername: SERVER_NAME, minVersion: 'TLSv1.3' });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const late = (): void => fail(new Error('the server did not answer in time'));
    let timer = setTimeout(late, TLS_MS);
    // Its name may take longer to be found.
    socket.once('connectionAttempt', () => {
      clearTimeout(timer);
      timer = setTimeout(late, CONNECT_MS);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(late, TLS_MS);
    });
    socket.once('error', fail).once('close', () => clearTimeout(timer));
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      // Whoever uses the socket hears of its end; an error between two users must not end the process.
      socket.on('error', () => {});
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}
