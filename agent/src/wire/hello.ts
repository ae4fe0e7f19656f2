import { WireError } from './wire-error.ts';
import { FrameReader, KIND, frameHead } from './frame.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import type { Duplex } from 'node:stream';

/** The protocol's versions that this code speaks. A server speaks its own and the two before it. Since 2 an agent carries sessions by connections of their own. */
export const PROTOCOL = { least: 1, most: 2 } as const;
/** A server goes this far back for agents that may still work. */
export const VERSIONS_BACK = 2;

export interface Versions {
  readonly least: number;
  readonly most: number;
}

/** How two sides get on: a version, or who has to be brought up to date. `update`: the agent is older than the server works with, and may only update or drain. */
export type Agreement = { readonly protocol: number } | { readonly update: 'agent' | 'server' };

/** The newest version that both speak. */
export function agree(server: Versions, agent: Versions): Agreement {
  const protocol = Math.min(server.most, agent.most);
  if (protocol >= server.least && protocol >= agent.least) return { protocol };
  return { update: agent.most < server.least ? 'agent' : 'server' };
}

/** Sends one hello. */
export function sendHello(socket: Duplex, hello: Message): void {
  const payload = encodeMessage(hello);
  socket.write(Buffer.concat([frameHead(KIND.hello, 0, payload.length), payload]));
}

/** The other side's hello, and what was read after it. @throws WireError when it refuses, says something else, or not in time (`signal`). */
export function readHello(socket: Duplex, signal: AbortSignal): Promise<{ readonly hello: Message; readonly rest: Buffer }> {
  const reader = new FrameReader();
  const seen: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      socket.off('data', onData).off('close', onClose).off('error', onClose);
      signal.removeEventListener('abort', onLate);
      act();
    };
    const onLate = (): void => done(() => reject(new WireError('timeout', 'no hello in time')));
    const onClose = (): void => done(() => reject(new WireError('closed', 'the connection was closed before a hello')));
    const onData = (chunk: Buffer): void => {
      seen.push(chunk);
      try {
        const first = reader.push(chunk)[0];
        if (first === undefined) return;
        if (first.kind === KIND.reset) throw refusal(decodeMessage(first.payload));
        if (first.kind !== KIND.hello || first.stream !== 0) throw new WireError('protocol', 'something else than a hello');
        const hello = decodeMessage(first.payload);
        // The frames after it belong to the session, which cuts them itself.
        const rest = Buffer.concat(seen).subarray(frameHead(KIND.hello, 0, 0).length + first.payload.length);
        socket.pause();
        done(() => resolve({ hello, rest }));
      } catch (error) {
        done(() => reject(error));
      }
    };
    if (signal.aborted) return onLate();
    signal.addEventListener('abort', onLate, { once: true });
    socket.on('data', onData).on('close', onClose).on('error', onClose);
  });
}

/** Refuses a connection before its session. */
export function refuseHello(socket: Duplex, code: string, reason: string): void {
  const payload = encodeMessage({ code, reason: reason.slice(0, 300) });
  socket.end(Buffer.concat([frameHead(KIND.reset, 0, payload.length), payload]));
}

function refusal(message: Message): WireError {
  const { code, reason } = message;
  return new WireError(typeof code === 'string' ? code.slice(0, 64) : 'refused', typeof reason === 'string' ? reason.slice(0, 300) : 'the connection was refused');
}
