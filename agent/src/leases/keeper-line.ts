import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { WireError, readLine, textOf, wholeOf, type Message } from '../wire/index.ts';
import type { KeeperWord } from './keeper.ts';
import { readTerminalOrder } from './terminals.ts';

const ANSWER_MS = 10_000;
const MOST_ANSWER_BYTES = 1_000;
const MOST_STATE_BYTES = 64 * 1024;

/** Another way to read a socket than as a stream, and the stream of what is read at first. */
interface Reads extends OnReadOpts {
  readonly first: Readable;
}

/** Says one word to a keeper. Undefined: there is none, or it would not. The socket is open still; after `ssh`, `screen`, `port` and `terminal` it is the session's. */
export async function sayToKeeper(path: string, word: KeeperWord, reads?: Reads): Promise<Socket | undefined> {
  const said = await sayLine(path, word, ANSWER_MS, reads);
  if (said?.answer === 'ok') return said.socket;
  said?.socket.destroy();
  return undefined;
}

/** Says one JSON line to whoever listens there and hears one line. Undefined: nobody answered in time. The socket is open still, and paused. */
export async function sayLine(path: string, word: object, forMs: number, reads?: Reads): Promise<{ readonly socket: Socket; readonly answer: string } | undefined> {
  const socket = connect({ path, ...(reads !== undefined && { onread: reads }) });
  socket.on('error', () => socket.destroy()).on('close', () => reads?.first.destroy());
  socket.once('connect', () => socket.write(`${JSON.stringify(word)}\n`));
  try {
    return { socket, answer: await readLine(reads?.first ?? socket, MOST_ANSWER_BYTES, AbortSignal.timeout(forMs)) };
  } catch {
    socket.destroy();
    return undefined;
  }
}

/** What a keeper says after its `ok`: one JSON object, and the end. Undefined: it said something else. */
export async function readAnswer(socket: Socket): Promise<Message | undefined> {
  let text = '';
  socket.setTimeout(ANSWER_MS, () => socket.destroy());
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      text += chunk.toString('utf8');
      if (text.length > MOST_STATE_BYTES) return undefined;
    }
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? (answer as Message) : undefined;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** Which session the server wants. @throws WireError. */
export function sessionOf(params: Message): KeeperWord {
  const kind = params['kind'];
  if (kind === 'ssh') return { do: kind, record: recordedOf(params) };
  if (kind === 'screen') return { do: kind };
  if (kind === 'ranks') return { do: kind };
  if (kind === 'rank') return { do: kind, port: wholeOf(params, 'port', 1, 65_535) };
  if (kind === 'port') return { do: 'port', port: wholeOf(params, 'port', 1, 65_535) };
  if (kind === 'terminal') return { do: kind, ...readTerminalOrder(params), record: recordedOf(params) };
  throw new WireError('unknown_stream', 'this agent has no such session');
}

/** In whose name a session is recorded; null: it is not. */
function recordedOf(params: Message): string | null {
  return params['record'] === undefined ? null : textOf(params, 'record', 200);
}
