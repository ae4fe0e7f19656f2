import type { TLSSocket } from 'node:tls';
import { dialTrusted, type Address, type Credentials } from '../connection/dial.ts';
import { SESSION_PROTOCOL, readLine, type PooledReads } from '../wire/index.ts';

const ANSWER_MS = 5_000;
/** So that a line that died without a word is noticed at this end too. */
const KEEP_ALIVE_MS = 15_000;

/** A connection for one session: the node's certificate says who dials, the token which session it is. @throws Error when the server does not take it. */
export async function dialSession(identity: Credentials & { readonly server: Address }, token: string, reads?: PooledReads): Promise<TLSSocket> {
  const socket = await dialTrusted(identity.server, identity, SESSION_PROTOCOL, reads);
  try {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (socket.alpnProtocol !== SESSION_PROTOCOL) throw new Error('the server takes no connections for sessions');
    socket.once('close', () => reads?.first.destroy());
    socket.write(`${token}\n`);
    if ((await readLine(reads?.first ?? socket, 16, AbortSignal.timeout(ANSWER_MS))) !== 'ok') throw new Error('the server does not take the session');
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
